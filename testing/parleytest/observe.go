package parleytest

import (
	"context"
	"errors"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// trackHeader ties a delivery to its publication. It is on the wire only: no
// app sees it.
const trackHeader = "x-parleytest"

// observed is a transport that notes what goes through it.
type observed struct {
	transport.Transport
	world *world
	by    *party
}

// Connect connects with the transport below.
func (o *observed) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	onReply := s.OnReply
	s.OnReply = func(m *transport.Message) {
		untrack(m)
		onReply(m)
	}
	inner, err := o.Transport.Connect(ctx, s)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: inner, world: o.world, log: o.world.log, by: o.by}, nil
}

// CheckTopology asks the transport below.
func (o *observed) CheckTopology(s topology.Subscription) error {
	if c, ok := o.Transport.(transport.TopologyChecker); ok {
		return c.CheckTopology(s)
	}
	return nil
}

// conn is an observed connection.
type conn struct {
	transport.Conn
	world *world
	log   *ledger
	by    *party
	// following are the goroutines that wait for an outcome.
	following sync.WaitGroup
}

type receivedKey struct{}

// Subscribe consumes with the connection below.
func (c *conn) Subscribe(ctx context.Context, s transport.Subscription) (transport.Consumer, error) {
	sub := c.log.subscribed(c.by, s.Topology)
	below := s
	// exits are those whose handlers ended their goroutines, by their messages.
	var exits sync.Map
	decide := func(ctx context.Context, m *transport.Message, r *received, exited bool) (v transport.Verdict) {
		exits.Store(m, r)
		pprof.Do(context.WithValue(ctx, receivedKey{}, r), c.world.labels, func(ctx context.Context) {
			v = below.Decide(ctx, m, exited)
		})
		exits.Delete(m)
		c.log.decided(r, v, errors.Is(context.Cause(ctx), transport.ErrSessionLost))
		return v
	}
	s.Handle = func(ctx context.Context, m *transport.Message) transport.Verdict {
		r := c.log.arrived(sub, untrack(m), m)
		c.log.record(r)
		if c.by.tested {
			c.world.broker.delay(ctx)
		}
		return decide(ctx, m, r, false)
	}
	s.Exited = func(ctx context.Context, m *transport.Message) transport.Verdict {
		r, _ := exits.Load(m)
		return decide(ctx, m, r.(*received), true) //nolint:forcetypeassert // Handle put it there
	}
	k, err := c.Conn.Subscribe(ctx, s)
	if err != nil {
		c.log.unsubscribed(sub)
		return nil, err
	}
	return &consumer{k, c.log, sub}, nil
}

// consumer notes when it stops.
type consumer struct {
	transport.Consumer
	log *ledger
	sub *subscription
}

// Stop stops the consumer below.
func (k *consumer) Stop(ctx context.Context) error {
	k.log.unsubscribed(k.sub)
	return k.Consumer.Stop(ctx)
}

// Publish publishes with the connection below, unless the broker is made to
// refuse it.
func (c *conn) Publish(ctx context.Context, p *transport.Publication) (transport.Confirmation, error) {
	s, tracked := c.begin(ctx, p, false)
	if c.world.broker.swallows(p) {
		c.log.concluded(s, nil)
		return transport.Settled{}, nil
	}
	if c.by.tested {
		if done, err := c.world.broker.intercept(ctx, p); done || err != nil {
			c.log.concluded(s, err)
			return refusedOr(err)
		}
	}
	confirmation, err := c.Conn.Publish(ctx, tracked)
	if err != nil {
		c.log.concluded(s, err)
		return nil, err
	}
	return c.follow(s, confirmation), nil
}

// Request is Publish with a reply address.
func (c *conn) Request(ctx context.Context, p *transport.Publication) (transport.Pending, error) {
	s, tracked := c.begin(ctx, p, true)
	if c.by.tested {
		if done, err := c.world.broker.intercept(ctx, p); done || err != nil {
			c.log.concluded(s, err)
			confirmation, err := refusedOr(err)
			if err != nil {
				return nil, err
			}
			return pending{confirmation, nil}, nil
		}
	}
	outcome, err := c.Conn.Request(ctx, tracked)
	if err != nil {
		c.log.concluded(s, err)
		return nil, err
	}
	return pending{c.follow(s, outcome), outcome.Lost()}, nil
}

type captureKey struct{}

// begin notes a publication and returns it as it goes over the wire.
func (c *conn) begin(ctx context.Context, p *transport.Publication, asks bool) (*sent, *transport.Publication) {
	parent, _ := ctx.Value(receivedKey{}).(*received)
	if m, ok := parley.MessageFrom(ctx); ok && parent == nil {
		parent = c.log.of(m)
	}
	s := c.log.publishing(c.by, parent, asks, p)
	track := strconv.Itoa(s.number)
	if capture, ok := ctx.Value(captureKey{}).(*capture); ok {
		capture.sent = s
		if capture.again {
			track += againSuffix
		}
	}
	tracked := *p
	tracked.Message = p.Message.Clone()
	tracked.Message.SetHeader(trackHeader, track)
	return s, &tracked
}

// capture is what a test gives its own publication to find it again.
type capture struct {
	sent *sent
	// again says that it shall look like a redelivery.
	again bool
}

const againSuffix = "r"

// untrack takes the track off a delivery and returns it, 0 when there is none.
func untrack(m *transport.Message) int {
	track, again := strings.CutSuffix(m.Header(trackHeader), againSuffix)
	if track == "" {
		return 0
	}
	delete(m.Headers, trackHeader)
	if len(m.Headers) == 0 {
		m.Headers = nil
	}
	if again {
		m.Redelivered, m.DeliveryCount = true, max(1, m.DeliveryCount)
	}
	number, _ := strconv.Atoi(track)
	return number
}

// follow notes the outcome of a publication when it is known.
func (c *conn) follow(s *sent, of transport.Confirmation) transport.Confirmation {
	select {
	case <-of.Done():
		err := of.Err()
		c.log.concluded(s, err)
		return transport.Settled{Outcome: err}
	default:
	}
	f := &followed{done: make(chan struct{})}
	c.following.Go(func() {
		<-of.Done()
		f.err = of.Err()
		c.log.concluded(s, f.err)
		close(f.done)
	})
	return f
}

// followed is an outcome that is noted before it is told.
type followed struct {
	done chan struct{}
	err  error
}

// Done is closed when the outcome is known.
func (f *followed) Done() <-chan struct{} { return f.done }

// Err is the outcome.
func (f *followed) Err() error { return f.err }

// pending is a confirmation of a request.
type pending struct {
	transport.Confirmation
	lost <-chan struct{}
}

// Lost is closed when no reply can come any more.
func (p pending) Lost() <-chan struct{} { return p.lost }

// Close closes the connection below.
func (c *conn) Close(ctx context.Context) error {
	err := c.Conn.Close(ctx)
	c.following.Wait()
	return err
}
