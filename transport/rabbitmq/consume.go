package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// tags number consumer tags: each must be unique on its channel, and a listing
// of the broker should tell consumers apart.
var tags atomic.Uint64

// errCancelled is why a consumer ended whose queue went away.
var errCancelled = errors.New("rabbitmq: the broker cancelled the consumer: its queue was deleted or its node is down")

// consumer is a subscription that recovers by itself. One goroutine, run, goes
// from epoch to epoch.
type consumer struct {
	conn *Conn
	sub  transport.Subscription
	log  *slog.Logger
	// slots bound the workers of all epochs, which workers counts.
	slots   chan struct{}
	workers sync.WaitGroup

	// stopped is closed when run has returned.
	stopped chan struct{}
	// life ends with Stop or when the connection is closed; budget ends when
	// Stop's context is used up. Handlers' contexts end later, after the settler.
	life   context.Context
	end    context.CancelCauseFunc
	budget context.Context
	cut    context.CancelCauseFunc

	mu    sync.Mutex
	ready bool
	fault error
	// changed is closed when ready or fault change.
	changed chan struct{}

	// status belongs to run.
	status *transport.Tracker
}

// Subscribe declares what s owns and begins to consume: see [transport.Conn].
func (c *Conn) Subscribe(ctx context.Context, s transport.Subscription) (transport.Consumer, error) {
	if s.Prefetch < 1 || s.Workers < 1 || s.Prefetch > 65535 {
		return nil, fmt.Errorf("rabbitmq: subscribe: wanted a prefetch from 1 to 65535 and at least one worker, got %d and %d", s.Prefetch, s.Workers)
	}
	k := newConsumer(c, s)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, fmt.Errorf("rabbitmq: subscribe: %w", transport.ErrClosed)
	}
	c.consumers[k] = struct{}{}
	c.work.Go(k.run)
	c.mu.Unlock()

	if err := k.accepted(ctx); err != nil {
		_ = k.Stop(ctx)
		return nil, err
	}
	return k, nil
}

func newConsumer(c *Conn, s transport.Subscription) *consumer {
	k := &consumer{
		conn:    c,
		sub:     s,
		log:     c.log.With("queue", s.Topology.Queue.Name),
		slots:   make(chan struct{}, s.Workers),
		stopped: make(chan struct{}),
		changed: make(chan struct{}),
		status:  transport.NewTracker(transport.Status{Queue: s.Topology.Queue.Name}, c.log, s.OnStatus),
	}
	k.life, k.end = context.WithCancelCause(c.life)
	k.budget, k.cut = context.WithCancelCause(context.Background())
	return k
}

// accepted waits for the first answer of the broker.
func (k *consumer) accepted(ctx context.Context) error {
	return k.await(ctx, func() (bool, error) {
		return k.ready, onlyPermanent(k.fault)
	})
}

func onlyPermanent(err error) error {
	if isPermanent(err) {
		return err
	}
	return nil
}

// Ready waits until the broker has accepted the consumer.
func (k *consumer) Ready(ctx context.Context) error {
	return k.await(ctx, func() (bool, error) { return k.ready, nil })
}

// await waits until check, which is called with the mutex held, says yes.
func (k *consumer) await(ctx context.Context, check func() (bool, error)) error {
	for {
		k.mu.Lock()
		done, err := check()
		fault, changed := k.fault, k.changed
		k.mu.Unlock()
		switch {
		case k.life.Err() != nil:
			return fmt.Errorf("rabbitmq: subscription: %w", transport.ErrClosed)
		case done || err != nil:
			return err
		}
		select {
		case <-changed:
		case <-k.life.Done():
		case <-ctx.Done():
			if fault == nil {
				return fmt.Errorf("rabbitmq: subscribe: %w", context.Cause(ctx))
			}
			return ended(ctx, fault)
		}
	}
}

// Err is nil while consuming.
func (k *consumer) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ready {
		return nil
	}
	return k.fault
}

func (k *consumer) set(ready bool, fault error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready, k.fault = ready, fault
	close(k.changed)
	k.changed = make(chan struct{})
}

// run makes epochs until Stop.
func (k *consumer) run() {
	defer close(k.stopped)
	defer k.conn.forget(k)
	defer func() { _ = k.awaitHandlers(nil) }()
	established := false
	pauses := k.conn.cfg.pauses()
	for k.life.Err() == nil {
		e, err := k.begin(established)
		if err == nil {
			established = true
			pauses = k.conn.cfg.pauses()
			k.status.Consuming(e.queue)
			k.set(true, nil)
			err = k.consume(e)
		}
		if k.life.Err() != nil {
			break
		}
		k.status.Lost(err)
		k.set(false, err)
		if isPermanent(err) {
			// Only an operator can cure it: do not ask again and again.
			pauses.next = pauses.longest
		}
		pauses.wait(k.life)
	}
	k.status.Closed()
	k.set(false, fmt.Errorf("rabbitmq: subscription: %w", transport.ErrClosed))
}

// begin declares and consumes on the current session. Once established, a
// queue that another connection holds is most likely held by our own old one.
func (k *consumer) begin(established bool) (*epoch, error) {
	s, err := k.conn.receiver.session(k.life)
	if err != nil {
		return nil, err
	}
	queue, err := s.declare(k.life, k.sub.Topology, k.conn.cfg.passive)
	if err == nil {
		var e *epoch
		if e, err = k.open(s, queue); err == nil {
			return e, nil
		}
		if code(err) == amqp.NotFound && !k.conn.cfg.passive && !k.sub.Topology.Passive {
			// It was there a moment ago, and is declared again.
			return nil, recovering{err}
		}
	}
	if c := code(err); established && (c == amqp.ResourceLocked || c == amqp.NotFound) {
		return nil, recovering{err}
	}
	return nil, err
}

// recovering hides from errors.As that its cause is permanent: after a lost
// connection, or of a queue that has just been deleted, it may well pass.
type recovering struct{ cause error }

func (r recovering) Error() string {
	return "rabbitmq: waiting for the queue: " + r.cause.Error()
}

func (k *consumer) open(s *session, queue string) (*epoch, error) {
	args, err := arguments(k.sub.Topology.ConsumerArguments)
	if err != nil {
		return nil, permanent("rabbitmq: consume queue %q: %w", queue, err)
	}
	e := &epoch{sub: &k.sub, queue: queue, slots: k.slots, workers: &k.workers, tag: "parley-" + strconv.FormatUint(tags.Add(1), 10)}
	err = s.call(k.life, func() (err error) {
		if e.ch, err = s.conn.Channel(); err != nil {
			return err
		}
		if err = e.ch.Qos(k.sub.Prefetch, 0, false); err != nil {
			return refusal(fmt.Sprintf("set the prefetch for queue %q", queue), err)
		}
		e.cancelled = e.ch.NotifyCancel(make(chan string, 1))
		e.deliveries, err = e.ch.Consume(queue, e.tag, false, false, false, false, args)
		return refusal(fmt.Sprintf("consume queue %q", queue), err)
	}, func() { _ = e.ch.Close() })
	if err != nil {
		return nil, err
	}
	if k.sub.Workers < k.sub.Prefetch {
		arrivals, run := stamp(e.deliveries, k.sub.Prefetch)
		e.arrivals = arrivals
		k.workers.Go(run)
	}
	e.settler = newSettler(e.ch, k.sub.Prefetch, k.sub.Workers, k.log)
	e.ctx, e.end = context.WithCancelCause(context.Background())
	return e, nil
}
