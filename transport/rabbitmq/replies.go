package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

const (
	// replyQueueExpires is how long a named reply queue outlives its holder.
	replyQueueExpires = 5 * time.Minute
	// replyQueuePatience is how long a first request waits for another holder
	// to go away: a dead connection may not have been noticed yet.
	replyQueuePatience = 3 * time.Second
	// replyAckEvery bounds the replies that one acknowledgement covers.
	replyAckEvery = 64
	// replyPrefetch bounds unacknowledged replies of a named queue.
	replyPrefetch = 1024
)

// replySource is one of the reply modes.
type replySource interface {
	// address returns where replies are received now. lost is closed when none
	// can arrive there any more, and nil when they survive the session.
	address(ctx context.Context) (address string, lost <-chan struct{}, err error)
}

// directSource is the pseudo-queue: the lane of the requests consumes it.
type directSource struct{}

func (directSource) address(context.Context) (string, <-chan struct{}, error) {
	return directReplyTo, nil, nil
}

// DurableReplies reports whether replies survive a session.
func (c *Conn) DurableReplies() bool { return c.cfg.replyQueue != "" }

// inboxes give each session one exclusive queue that the broker names.
type inboxes struct {
	conn    *Conn
	opening chan struct{}

	mu      sync.Mutex
	current *inbox
}

// inbox is such a queue with the consumer on it.
type inbox struct {
	session *session
	queue   string
	// lost is closed when the consumer is gone.
	lost chan struct{}
}

func (i *inbox) open() bool {
	select {
	case <-i.lost:
		return false
	default:
		return !i.session.ended()
	}
}

// Inbox returns the session's inbox: see [transport.Inboxes].
func (c *Conn) Inbox(ctx context.Context) (transport.Inbox, error) {
	address, lost, err := c.inboxes.address(ctx)
	switch {
	case err == nil:
		return transport.Inbox{Address: address, Lost: lost}, nil
	case c.life.Err() != nil:
		return transport.Inbox{}, fmt.Errorf("rabbitmq: inbox: %w", transport.ErrClosed)
	case ctx.Err() != nil:
		err = ended(ctx, err)
	}
	return transport.Inbox{}, fmt.Errorf("rabbitmq: inbox: %w: %w", transport.ErrNotSent, err)
}

func newInboxes(c *Conn) *inboxes { return &inboxes{conn: c, opening: make(chan struct{}, 1)} }

func (i *inboxes) address(ctx context.Context) (string, <-chan struct{}, error) {
	if b := i.get(); b != nil && b.open() {
		return b.queue, b.lost, nil
	}
	select {
	case i.opening <- struct{}{}:
	case <-ctx.Done():
		return "", nil, context.Cause(ctx)
	}
	defer func() { <-i.opening }()
	for {
		if b := i.get(); b != nil && b.open() {
			return b.queue, b.lost, nil
		}
		s, err := i.conn.receiver.session(ctx)
		if err != nil {
			return "", nil, err
		}
		b, err := i.make(ctx, s)
		if err == nil {
			i.set(b)
			continue
		}
		if isPermanent(err) || ctx.Err() != nil || !pause(ctx, retryPause) {
			return "", nil, err
		}
	}
}

func (i *inboxes) get() *inbox {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current
}

func (i *inboxes) set(b *inbox) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current = b
}

func (i *inboxes) make(ctx context.Context, s *session) (*inbox, error) {
	b := &inbox{session: s, lost: make(chan struct{})}
	var ch *amqp.Channel
	err := s.call(ctx, func() (err error) {
		if ch, err = s.conn.Channel(); err != nil {
			return err
		}
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err != nil {
			return refusal("declare an inbox (DirectReplies needs none)", err)
		}
		b.queue = q.Name
		deliveries, err := ch.Consume(q.Name, "", true, true, false, false, nil)
		if err != nil {
			return refusal("consume an inbox", err)
		}
		s.spawn(func() {
			defer close(b.lost)
			for d := range deliveries {
				i.conn.reply(&d)
			}
		})
		return nil
	}, func() { _ = ch.Close() })
	return b, err
}

// replyQueue is a durable queue whose replies survive a session. Once started
// it consumes until the connection is closed.
type replyQueue struct {
	conn *Conn
	name string

	start sync.Once
	// ready is closed when the queue has been consumed for the first time.
	ready chan struct{}

	mu    sync.Mutex
	fault error
	// faulty is closed when fault changes.
	faulty chan struct{}
}

func newReplyQueue(c *Conn, name string) *replyQueue {
	return &replyQueue{conn: c, name: name, ready: make(chan struct{}), faulty: make(chan struct{})}
}

func (q *replyQueue) address(ctx context.Context) (string, <-chan struct{}, error) {
	q.start.Do(func() { q.conn.goUnlessClosed(q.run) })
	select {
	case <-q.ready:
		return q.name, nil, nil
	default:
	}
	patience := time.NewTimer(replyQueuePatience)
	defer patience.Stop()
	for patient := true; ; {
		changed, fault := q.reason()
		if isPermanent(fault) && (!patient || !held(fault)) {
			return "", nil, fault
		}
		select {
		case <-q.ready:
			return q.name, nil, nil
		case <-q.conn.life.Done():
			return "", nil, context.Cause(q.conn.life)
		case <-changed:
		case <-patience.C:
			patient = false
		case <-ctx.Done():
			if fault == nil {
				fault = context.Cause(ctx)
			}
			return "", nil, ended(ctx, fmt.Errorf("rabbitmq: consume reply queue %q: %w", q.name, fault))
		}
	}
}

// reason returns why the queue is not consumed; changed is closed when there is
// another one.
func (q *replyQueue) reason() (changed <-chan struct{}, fault error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.faulty, q.fault
}

func (q *replyQueue) setReason(fault error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fault = fault
	close(q.faulty)
	q.faulty = make(chan struct{})
}

// held reports whether another connection has the queue, which may be one that
// is dead: unlike any other refusal that may end by itself.
func held(err error) bool {
	e, ok := errors.AsType[*amqp.Error](err)
	return ok && (e.Code == amqp.ResourceLocked || e.Code == amqp.AccessRefused && strings.Contains(e.Reason, "in exclusive use"))
}

// run consumes on session after session.
func (q *replyQueue) run() {
	ctx, c := q.conn.life, q.conn
	ready := sync.OnceFunc(func() { close(q.ready) })
	pauses := c.cfg.pauses()
	for ctx.Err() == nil {
		s, err := c.receiver.session(ctx)
		if err != nil {
			return
		}
		ch, deliveries, err := q.consume(ctx, s)
		q.setReason(err)
		if err != nil {
			c.log.Warn("parley: no reply queue", "queue", q.name, "error", err)
			pauses.wait(ctx)
			continue
		}
		pauses = c.cfg.pauses()
		ready()
		q.receive(ch, deliveries)
	}
}

func (q *replyQueue) consume(ctx context.Context, s *session) (ch *amqp.Channel, deliveries <-chan amqp.Delivery, err error) {
	declaration := topology.Subscription{Queue: topology.QueueDeclaration{
		Name: q.name, Durable: true,
		Arguments: topology.Arguments{topology.ArgExpires: replyQueueExpires.Milliseconds()},
	}}
	if _, err := s.declare(ctx, declaration, q.conn.cfg.passive); err != nil {
		return nil, nil, err
	}
	// What call's function writes is read only when it has ended well: after an
	// error it may still be going on.
	var opened *amqp.Channel
	var arriving <-chan amqp.Delivery
	err = s.call(ctx, func() (err error) {
		if opened, err = s.conn.Channel(); err != nil {
			return err
		}
		if err = opened.Qos(replyPrefetch, 0, false); err == nil {
			arriving, err = opened.Consume(q.name, "", false, true, false, false, nil)
		}
		if !held(err) {
			return refusal(fmt.Sprintf("consume reply queue %q", q.name), err)
		}
		return permanent("rabbitmq: consume reply queue %q: wanted to be its only reader, got %w; hint: another connection holds it: give each instance its own name with rabbitmq.ReplyQueue", q.name, err)
	}, func() { _ = opened.Close() })
	if err != nil {
		return nil, nil, err
	}
	return opened, arriving, nil
}

// receive acknowledges after the reply was handed over, many at once while
// more are waiting.
func (q *replyQueue) receive(ch *amqp.Channel, deliveries <-chan amqp.Delivery) {
	for d := range deliveries {
		tag := q.batch(d, deliveries)
		// An error means that the session is over: the broker sends them again.
		_ = ch.Ack(tag, true)
	}
	_ = ch.Close()
}

// batch handles d and what else is waiting, and returns the last one's tag.
func (q *replyQueue) batch(d amqp.Delivery, deliveries <-chan amqp.Delivery) (tag uint64) {
	for range replyAckEvery {
		q.conn.reply(&d)
		tag = d.DeliveryTag
		select {
		case next, ok := <-deliveries:
			if !ok {
				return tag
			}
			d = next
		default:
			return tag
		}
	}
	q.conn.reply(&d)
	return d.DeliveryTag
}
