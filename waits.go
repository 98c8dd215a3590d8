package parley

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

const (
	// refusedPause and refusedTimes bound how long a wait queue may refuse a
	// message before its handler runs again: about five seconds.
	refusedPause = 50 * time.Millisecond
	refusedTimes = 10
)

// waits remember when wait queues were last declared, and let nobody use one
// before its declaration has come to an end: RabbitMQ answers a second
// declaration of a quorum queue at once, while the first one is still making
// the queue, which refuses what comes until then (seen on 3.10.8).
type waits struct {
	mu  sync.Mutex
	all map[string]*waitQueue
}

// waitQueue is the last declaration of a wait queue.
type waitQueue struct {
	// done is closed when the declaration has ended, with err, at at.
	done chan struct{}
	at   time.Time
	err  error
	// cut says that the context of who declared it had ended.
	cut bool
}

// declared declares a queue unless it was declared lately, and after seen, by
// itself or by whoever does so at this moment. A declaration that ended with its
// caller says nothing to others: the next of them makes one of its own.
func (w *waits) declared(ctx context.Context, queue string, seen *waitQueue, declare func() error) (*waitQueue, error) {
	w.mu.Lock()
	q := w.all[queue]
	if q == nil || q == seen || q.stale() {
		q = &waitQueue{done: make(chan struct{})}
		if w.all == nil {
			w.all = map[string]*waitQueue{}
		}
		w.all[queue] = q
		w.mu.Unlock()
		q.err = declare()
		q.at, q.cut = time.Now(), ctx.Err() != nil
		close(q.done)
		return q, q.err
	}
	w.mu.Unlock()
	select {
	case <-q.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if q.err != nil && q.cut && ctx.Err() == nil {
		return w.declared(ctx, queue, seen, declare)
	}
	return q, q.err
}

// stale reports whether the queue is to be declared before its next use.
func (q *waitQueue) stale() bool {
	select {
	case <-q.done:
		return q.err != nil || time.Since(q.at) > topology.WaitQueueLease
	default:
		return false
	}
}

// sendTo publishes to a queue that expires when unused. It is declared again
// before each use that is not soon after the last: its expiry begins anew, and
// so no message is in it when it goes.
func (d *delivery) sendTo(ctx context.Context, queue topology.QueueDeclaration, p *transport.Publication) error {
	q, err := d.declareWait(ctx, queue, nil)
	if err != nil {
		return err
	}
	err = d.sendReady(ctx, p)
	if errors.Is(err, ErrNoRoute) && !d.topology.Passive {
		if _, err := d.declareWait(ctx, queue, q); err != nil {
			return err
		}
		return d.sendReady(ctx, p)
	}
	return err
}

// sendReady publishes to a wait queue. One that another instance is just making
// refuses the message, which is then in no queue: it is sent once more, so that
// its handler does not run once more.
func (d *delivery) sendReady(ctx context.Context, p *transport.Publication) error {
	for n := 1; ; n++ {
		err := d.send(ctx, p)
		if n == refusedTimes || !errors.Is(err, ErrRefused) || !sleep(ctx, min(refusedPause<<(n-1), longestPause)) {
			return err
		}
	}
}

// declareWait declares a queue on the run's connection, unless that is one that
// was declared lately and is not seen, which turned out to be gone.
func (r *receiver) declareWait(ctx context.Context, queue topology.QueueDeclaration, seen *waitQueue) (*waitQueue, error) {
	if r.topology.Passive {
		return nil, nil
	}
	return r.run.waits.declared(ctx, queue.Name, seen, func() error {
		declarer, ok := r.run.conn.(transport.QueueDeclarer)
		if !ok {
			return fmt.Errorf("%w: the transport declares no queues; hint: leave parley.Delayed out", ErrNotSent)
		}
		return declarer.DeclareQueue(ctx, queue)
	})
}

// declareWaits declares the wait queues of the policy before they are needed:
// RabbitMQ 3.10.8 may lose a quorum queue, and what it has confirmed for it, when
// it is killed within a second of the declaration.
func (r *receiver) declareWaits(ctx context.Context) error {
	for _, delay := range r.settings.failure.delays {
		if _, err := r.declareWait(ctx, topology.WaitQueue(r.topology.Queue.Name, delay), nil); err != nil {
			return err
		}
	}
	return nil
}
