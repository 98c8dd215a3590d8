package rabbitmq

import (
	"context"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// Transport connects to RabbitMQ. It holds settings only: one value may serve
// several apps, concurrently and again and again. It implements
// [transport.Transport] and [transport.NativeMessages].
type Transport struct {
	native
	cfg *config
}

var (
	_ transport.Transport       = (*Transport)(nil)
	_ transport.NativeMessages  = (*Transport)(nil)
	_ transport.Conn            = (*Conn)(nil)
	_ transport.ReplyClassifier = (*Conn)(nil)
	_ transport.QueueDeclarer   = (*Conn)(nil)
	_ transport.QueueInspector  = (*Conn)(nil)
	_ transport.Consumer        = (*consumer)(nil)
)

// New returns a transport for the broker at url, in the form
// amqp://user:password@host:port/vhost or amqps://…. Without a login it is
// guest, without a virtual host "/", a port 5672 or 5671; reserved characters
// are percent-encoded. New does no I/O; a malformed URL is an error of Connect.
func New(url string, options ...Option) *Transport {
	return &Transport{cfg: newConfig(url, options)}
}

// String names the broker without a login.
func (t *Transport) String() string {
	hosts, err := t.cfg.endpoints()
	if err != nil {
		return "rabbitmq (malformed URL)"
	}
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.String()
	}
	return "rabbitmq " + strings.Join(names, ", ")
}

// Connect opens the two connections to the broker and declares s.Exchanges.
// See [transport.Transport].
func (t *Transport) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	hosts, err := t.cfg.endpoints()
	if err != nil {
		return nil, &transport.PermanentError{Err: err}
	}
	c := newConn(t.cfg, hosts, s)
	publishing, err := c.first(ctx, c.publisher)
	if err != nil {
		c.end(transport.ErrClosed)
		return nil, err
	}
	consuming, err := c.first(ctx, c.receiver)
	if err != nil {
		publishing.close(closeTimeout)
		c.publisher.status.Closed()
		c.end(transport.ErrClosed)
		return nil, err
	}
	c.work.Go(func() { c.publisher.run(publishing) })
	c.work.Go(func() { c.receiver.run(consuming) })
	return c, nil
}

// first makes a link's first session.
func (c *Conn) first(ctx context.Context, l *link) (*session, error) {
	if c.settings.FailFast {
		return l.attempt(ctx)
	}
	return l.connect(ctx, true)
}

// declareExchanges readies a publishing session. What the broker refuses on a
// later session is said in the log: it does not keep the others from working.
func (c *Conn) declareExchanges(ctx context.Context, s *session) error {
	for i := range c.settings.Exchanges {
		err := s.exchange(ctx, &c.settings.Exchanges[i], c.cfg.passive)
		if err != nil && c.started.Load() && isPermanent(err) {
			s.log.Error("parley: exchange refused", "error", err)
			continue
		}
		if err != nil {
			return err
		}
	}
	c.started.Store(true)
	return nil
}

// reply hands one reply to the app, one at a time.
func (c *Conn) reply(d *amqp.Delivery) {
	c.replying.Lock()
	defer c.replying.Unlock()
	c.settings.OnReply(received(d, time.Now()))
}
