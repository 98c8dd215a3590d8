package memory

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/parley-go/parley/transport"
)

var (
	errClosed  = fmt.Errorf("memory: %w", transport.ErrClosed)
	errLost    = fmt.Errorf("memory: %w", transport.ErrSessionLost)
	errBlocked = fmt.Errorf("memory: %w", transport.ErrBlocked)
)

// conn is a connection over all its sessions.
type conn struct {
	endpoint *endpoint
	broker   *Broker
	logger   *slog.Logger
	// number orders the connections of a broker.
	number  uint64
	replies replies
	session atomic.Pointer[session]
	closing atomic.Bool
	// done is closed when nothing may be published any more.
	done chan struct{}

	// mu serialises subscribing, the loss of a session, and its recovery. It is
	// taken before a consumer's mutex.
	mu            sync.Mutex
	consumers     []*consumer
	replyConsumer *consumer

	reports reports
	// status is used by reports alone.
	status *transport.Tracker
}

var connections atomic.Uint64

func newConn(e *endpoint, s transport.Settings) *conn {
	c := &conn{
		endpoint: e, broker: e.broker, logger: s.Logger, number: connections.Add(1),
		replies: replies{onReply: s.OnReply}, done: make(chan struct{}),
		status: transport.NewTracker(transport.Status{Connection: "memory"}, s.Logger, s.OnLink),
	}
	c.session.Store(c.newSession())
	c.broker.mu.Lock()
	c.broker.conns[c] = struct{}{}
	c.broker.mu.Unlock()
	c.reportUp()
	c.reports.tell()
	return c
}

func (c *conn) isClosed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Subscribe declares what s owns and consumes at once.
func (c *conn) Subscribe(ctx context.Context, s transport.Subscription) (transport.Consumer, error) {
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("memory: subscribe to queue %q: %w", s.Topology.Queue.Name, context.Cause(ctx))
	case s.Prefetch < 1 || s.Workers < 1:
		return nil, permanent("queue %q: wanted a prefetch and a number of workers of at least 1, got %d and %d",
			s.Topology.Queue.Name, s.Prefetch, s.Workers)
	}
	if err := c.endpoint.CheckTopology(s.Topology); err != nil {
		return nil, &transport.PermanentError{Err: err}
	}
	k := newConsumer(c, s)
	if err := c.begin(k); err != nil {
		k.reportClosed()
		return nil, err
	}
	c.reports.tell()
	return k, nil
}

func (c *conn) begin(k *consumer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing.Load() {
		return errClosed
	}
	if err := k.attach(); err != nil {
		return err
	}
	c.consumers = append(c.consumers, k)
	return nil
}

// forget drops a consumer that has stopped.
func (c *conn) forget(k *consumer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.consumers = slices.DeleteFunc(c.consumers, func(o *consumer) bool { return o == k })
}

// loseReplies ends the reply addresses of a session that is about to be lost.
func (c *conn) loseReplies() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isClosed() {
		c.mute(c.session.Load())
	}
}

// loseSession ends the session and begins the next one, without its consumers.
func (c *conn) loseSession() {
	defer c.reports.tell()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed() {
		return
	}
	for _, k := range c.consumers {
		k.lose()
	}
	c.endSession(c.session.Load())
	c.reports.add(func() { c.status.Lost(errLost) })
	c.session.Store(c.newSession())
	c.reportUp()
}

// reattach makes the consumers consume that do not.
func (c *conn) reattach() {
	c.mu.Lock()
	for _, k := range c.consumers {
		// A refusal stays as the consumer's error and is reported.
		_ = k.attach()
	}
	c.mu.Unlock()
	c.reports.tell()
}

// Close stops what still consumes, then ends the session. Handlers may publish
// until they have returned.
func (c *conn) Close(ctx context.Context) error {
	if !c.closing.CompareAndSwap(false, true) {
		return nil
	}
	err := c.stopConsumers(ctx)
	close(c.done)
	c.broker.mu.Lock()
	delete(c.broker.conns, c)
	c.broker.mu.Unlock()
	c.mu.Lock()
	last := c.replyConsumer
	c.endSession(c.session.Load())
	c.mu.Unlock()
	if last != nil {
		last.beginStop()
		// Its handler hands over replies and nothing else.
		_ = last.awaitStop(ctx)
	}
	c.replies.wait(ctx)
	c.reports.add(func() { c.status.Closed() })
	c.reports.tell()
	return err
}

// stopConsumers stops the consumers together and waits for them.
func (c *conn) stopConsumers(ctx context.Context) error {
	c.mu.Lock()
	all := slices.Clone(c.consumers)
	last := c.replyConsumer
	c.mu.Unlock()
	all = slices.DeleteFunc(all, func(k *consumer) bool { return k == last })
	for _, k := range all {
		k.beginStop()
	}
	var late error
	for _, k := range all {
		if err := k.awaitStop(ctx); err != nil {
			late = err
		}
	}
	return late
}
