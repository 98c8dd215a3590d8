package rabbitmq

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/parley-go/parley/transport"
)

// The roles of links: each is a network connection of its own.
const (
	rolePublish = "publish"
	roleConsume = "consume"
	roleReplies = "replies"
)

// Conn is a connection of an app to RabbitMQ: one network connection that
// publishes, one that consumes, and a third for direct replies once there is
// one to send. It is made by [Transport.Connect]; all methods may be called
// concurrently.
type Conn struct {
	cfg      *config
	hosts    []*endpoint
	settings transport.Settings
	log      *slog.Logger

	publisher, receiver *link
	replies             replySource
	// inboxes are the one of each session, made when somebody asks for it.
	inboxes *inboxes
	direct  directReplier

	// life ends with Close, with the cause transport.ErrClosed.
	life context.Context
	end  context.CancelCauseFunc
	// work are the goroutines of the connection, all of which end with life.
	work     sync.WaitGroup
	started  atomic.Bool
	replying sync.Mutex

	mu        sync.Mutex
	closed    bool
	replier   *link
	consumers map[*consumer]struct{}
}

func newConn(cfg *config, hosts []*endpoint, s transport.Settings) *Conn {
	c := &Conn{cfg: cfg, hosts: hosts, settings: s, log: s.Logger, consumers: map[*consumer]struct{}{}}
	c.life, c.end = context.WithCancelCause(context.Background())
	c.publisher = newLink(c, rolePublish)
	c.publisher.prepare = c.declareExchanges
	c.receiver = newLink(c, roleConsume)
	c.inboxes = newInboxes(c)
	switch {
	case cfg.direct:
		c.replies = directSource{}
	case cfg.replyQueue != "":
		c.replies = newReplyQueue(c, cfg.replyQueue)
	default:
		c.replies = c.inboxes
	}
	return c
}

// name is what the broker shows for a connection.
func (c *Conn) name(role string) string {
	name := c.cfg.name
	if name == "" {
		name = c.settings.App
	}
	if name == "" {
		name = "parley"
	}
	return name + " " + role
}

// Close stops the consumers and ends the connections: see [transport.Conn].
func (c *Conn) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	stopping := make([]*consumer, 0, len(c.consumers))
	for s := range c.consumers {
		stopping = append(stopping, s)
	}
	c.mu.Unlock()

	err := c.stopAll(ctx, stopping)
	c.end(transport.ErrClosed)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		c.work.Wait()
	}()
	select {
	case <-gone:
		return err
	case <-ctx.Done():
	}
	// Closing in order takes too long: cut the sockets. That frees everyone.
	c.abort()
	<-gone
	return errors.Join(err, context.Cause(ctx))
}

func (c *Conn) stopAll(ctx context.Context, consumers []*consumer) error {
	faults := make([]error, len(consumers))
	var stopping sync.WaitGroup
	for i, s := range consumers {
		stopping.Go(func() { faults[i] = s.Stop(ctx) })
	}
	stopping.Wait()
	return errors.Join(faults...)
}

func (c *Conn) abort() {
	c.mu.Lock()
	links := []*link{c.publisher, c.receiver, c.replier}
	c.mu.Unlock()
	for _, l := range links {
		if l != nil {
			l.abort()
		}
	}
}

// goUnlessClosed runs f in a goroutine of the connection; it reports false
// when the connection is closed.
func (c *Conn) goUnlessClosed(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.work.Go(f)
	return true
}

// forget drops a stopped consumer.
func (c *Conn) forget(s *consumer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.consumers, s)
}
