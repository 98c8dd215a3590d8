package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// Broker is a broker in memory and a transport to it. It may be used
// concurrently. It needs no closing.
type Broker struct {
	endpoint
	// epoch is what the times of expiry count from.
	epoch time.Time

	// mu serialises changes of what exists. It is taken before the mutex of a
	// queue and never on the way of a message.
	mu        sync.Mutex
	exchanges directory[*exchange]
	queues    directory[*queue]
	inboxes   directory[*inbox]
	conns     map[*conn]struct{}

	gate     atomic.Pointer[gate]
	refusals atomic.Int64
}

// New returns an empty broker. The options are about its own connections, see
// [Broker.With].
func New(opts ...Option) *Broker {
	b := &Broker{epoch: time.Now(), conns: map[*conn]struct{}{}}
	b.endpoint = newEndpoint(b, opts)
	b.predeclare()
	return b
}

// With returns another transport to the same broker, with options of its own.
func (b *Broker) With(opts ...Option) transport.Transport {
	e := newEndpoint(b, opts)
	return &e
}

// now is the broker's clock: the time since its epoch.
func (b *Broker) now() time.Duration { return time.Since(b.epoch) }

// Option is an option of [New] and [Broker.With].
type Option interface {
	apply(e *endpoint)
	// String returns the option as it is written.
	String() string
}

// DirectReplies gives requests an address of RabbitMQ's direct reply-to
// ("amq.rabbitmq.reply-to.…"). A reply to one that is gone is dropped without
// notice. The default is an inbox ("amq.gen-…"), with which it is ErrNoRoute.
func DirectReplies() Option {
	return option{"memory.DirectReplies()", func(e *endpoint) { e.replies = replyDirect }}
}

// ReplyQueue gives requests a durable queue of that name, which expires after
// 5 minutes without its owner: replies survive a lost session. It belongs to
// one connection at a time, from its first request on.
func ReplyQueue(name string) Option {
	return option{fmt.Sprintf("memory.ReplyQueue(%q)", name), func(e *endpoint) {
		e.replies, e.replyQueue = replyNamed, name
	}}
}

type option struct {
	text  string
	setUp func(*endpoint)
}

func (o option) apply(e *endpoint) { o.setUp(e) }
func (o option) String() string    { return o.text }

// endpoint is a transport: a broker and the settings of connections to it.
type endpoint struct {
	broker     *Broker
	replies    replyMode
	replyQueue string
}

func newEndpoint(b *Broker, opts []Option) endpoint {
	e := endpoint{broker: b}
	for _, o := range opts {
		o.apply(&e)
	}
	return e
}

// Connect returns a connection. It never waits; see [transport.Transport].
func (e *endpoint) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("memory: connect: %w", context.Cause(ctx))
	}
	for _, x := range s.Exchanges {
		if _, err := e.broker.declareExchange(x); err != nil {
			return nil, err
		}
	}
	return newConn(e, s), nil
}

// String returns "memory".
func (e *endpoint) String() string { return "memory" }

// CheckTopology refuses streams and the exchange kinds of plug-ins.
func (e *endpoint) CheckTopology(s topology.Subscription) error {
	if s.Queue.Type() == topology.TypeStream {
		return fmt.Errorf("memory: queue %q: wanted a classic or quorum queue, got a stream; hint: test it on RabbitMQ", s.Queue.Name)
	}
	if s.Exchange != nil && !knownKind(s.Exchange.Kind) {
		return unknownKind(s.Exchange.Name, s.Exchange.Kind)
	}
	return nil
}

// directory maps names to what they stand for. It is read without a lock and
// replaced as a whole under the broker's.
type directory[T any] struct{ entries atomic.Pointer[map[string]T] }

func (d *directory[T]) find(name string) (T, bool) {
	v, ok := d.all()[name]
	return v, ok
}

func (d *directory[T]) all() map[string]T {
	if m := d.entries.Load(); m != nil {
		return *m
	}
	return nil
}

func (d *directory[T]) add(name string, v T) {
	m := maps.Clone(d.all())
	if m == nil {
		m = map[string]T{}
	}
	m[name] = v
	d.entries.Store(&m)
}

func (d *directory[T]) remove(name string) {
	m := maps.Clone(d.all())
	delete(m, name)
	d.entries.Store(&m)
}

// permanent is an error that waiting does not cure.
func permanent(format string, args ...any) error {
	return &transport.PermanentError{Err: fmt.Errorf("memory: "+format, args...)}
}

// notSent says that a message did not leave.
func notSent(why error) error { return fmt.Errorf("memory: %w: %w", transport.ErrNotSent, why) }

var errStopped = errors.New("memory: the consumer was stopped")
