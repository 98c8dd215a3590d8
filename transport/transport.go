package transport

import (
	"context"
	"log/slog"

	"github.com/parley-go/parley/transport/topology"
)

// Transport connects an app to a broker. It holds settings only, so one value
// may serve several apps, and an app may connect again after it stopped.
type Transport interface {
	// Connect returns a connection that is ready to use.
	//
	// While the broker is absent it tries again until ctx ends, unless
	// s.FailFast is set. What waiting cannot cure (a malformed address, a
	// refused login, a forbidden virtual host, a declaration that the broker
	// refuses) is returned at once. ctx bounds only this call: the connection
	// outlives it.
	Connect(ctx context.Context, s Settings) (Conn, error)
	// String names the transport and its broker without credentials.
	String() string
}

// Settings are what an app tells its transport when it connects.
type Settings struct {
	// App names the application in the broker's listings. May be empty.
	App string
	// FailFast makes Connect return the first failed attempt.
	FailFast bool
	// Exchanges are declared (or, where passive, checked) before Connect returns.
	Exchanges []topology.Exchange
	// Logger receives events of the connection: ids, addresses and reasons as
	// fields, never bodies or credentials. Never nil.
	Logger *slog.Logger
	// OnReply is called for every message that arrives on the reply address
	// given to requests, from one goroutine at a time. It must not block. Never nil.
	OnReply func(*Message)
	// OnLink is told of each change of a link, with the state it had before,
	// from the first failed attempt on: also before Connect returns. A link is
	// told of in order and one call at a time, several links side by side. That
	// all are up is told before Connect returns, that they are closed before Close
	// does, and nothing after that. It must not block or call the connection.
	// May be nil.
	OnLink func(from State, now Status)
}

// Conn is a logical connection: it survives the sessions it is made of.
// All methods may be called concurrently.
type Conn interface {
	// Subscribe declares what s owns and begins to consume. It returns when the
	// broker has accepted the consumer. A refused declaration is returned at
	// once; while the broker is absent it waits until ctx ends. ctx bounds only
	// this call.
	Subscribe(ctx context.Context, s Subscription) (Consumer, error)

	// Publish hands p to the broker and returns when it is on its way, before
	// its outcome is known. While there is no session, or the broker blocks
	// publishers, it waits until ctx ends.
	//
	// An error means that nothing was stored: [ErrNotSent], [ErrBlocked] or
	// [ErrClosed], with the cause of ctx joined when it ended. The one
	// exception is a failed write, after which the returned error is
	// [ErrOutcomeUnknown]. A [*PermanentError] in the chain says that the message
	// cannot be carried as it is: no later attempt will succeed. Messages that one goroutine publishes reach a queue
	// in the order of the calls.
	Publish(ctx context.Context, p *Publication) (Confirmation, error)

	// Request publishes p like Publish with a reply address of the transport's
	// own in its message: one that lives when the message is sent, however long it
	// waited. Every message that arrives there is handed to
	// [Settings.OnReply]; matching it to its request by correlation id is the
	// caller's business. The errors are those of Publish.
	Request(ctx context.Context, p *Publication) (Pending, error)

	// Close stops what still consumes and ends the connection. It returns by
	// the end of ctx and leaves no goroutine behind. Later calls of any method
	// return [ErrClosed]; a second Close returns nil.
	Close(ctx context.Context) error
}

// Publication is a message with its destination.
type Publication struct {
	// Message is what is sent, never nil.
	Message *Message
	// Exchange is nil for the default exchange, where Key is a queue's name.
	// A transport declares it before its first use in a session.
	Exchange *topology.Exchange
	// Key is the routing key, at most 255 bytes.
	Key string
	// Mandatory asks for [ErrNoRoute] when no queue takes the message.
	Mandatory bool
	// Reply says that Key is the reply address of a request. The transport
	// then chooses the connection that such an address needs and drops
	// Mandatory where the broker cannot answer it truthfully.
	Reply bool
	// Item says that it is one of many that a stream sends to that address. The
	// transport may let fewer of them than of other messages be unconfirmed.
	Item bool
	// Inbox, when set, asks for replies at the connection's inbox: the message gets
	// the address of the one that lives when it is sent, and Publish fills Inbox
	// with it before it returns without an error. Only a [Conn] that is an
	// [Inboxes] takes such a message, and no Request is one.
	Inbox *Inbox
	// Timed, when set, brings Message up to date when it is sent later than it
	// was handed over: after waiting for a session, or for the end of a block.
	Timed Timed
}

// Timed knows what of a message depends on the time at which it is sent.
type Timed interface {
	// Refresh changes headers and expiration of m. It is called by the goroutine
	// that publishes m, just before it is sent.
	Refresh(m *Message)
}

// Confirmation is the pending outcome of a publication. A caller may drop it.
type Confirmation interface {
	// Done is closed when the outcome is known, at the latest when the session
	// that carried the message ends.
	Done() <-chan struct{}
	// Err is the outcome, valid after Done is closed: nil when the message is
	// stored, else [ErrNoRoute], [ErrRefused] or [ErrOutcomeUnknown]. A
	// [*PermanentError] in the chain of the last says that no later attempt will
	// succeed. It is not safe for concurrent use.
	Err() error
}

// Pending is the pending outcome of a request's publication.
type Pending interface {
	Confirmation
	// Lost is closed when no reply can arrive any more because the reply
	// address went away with its session. It is nil when replies survive that.
	Lost() <-chan struct{}
}

// Verdict says what becomes of a delivery.
type Verdict uint8

const (
	// Ack removes the message from its queue.
	Ack Verdict = iota + 1
	// Requeue puts it back after a failure; a broker that counts deliveries
	// counts this one.
	Requeue
	// Return puts it back untouched, at shutdown or under back-pressure.
	Return
	// Reject gives it to the queue's dead-letter exchange, or drops it where
	// there is none.
	Reject
)

// Subscription asks for deliveries from one queue.
type Subscription struct {
	// Topology is what to declare and where to consume.
	Topology topology.Subscription
	// Prefetch bounds the unsettled deliveries, at least 1.
	Prefetch int
	// Workers bounds the running calls of Handle, at least 1. With 1, each
	// message is settled before the next one is handled, in queue order.
	Workers int
	// Handle processes one delivery and decides about it. It must not panic.
	// Its context is cancelled when the delivery can no longer be settled
	// (cause [ErrSessionLost]) or when the budget of Stop is used up.
	Handle func(ctx context.Context, m *Message) Verdict
	// Exited decides, under the terms of Handle, about a delivery whose Handle
	// or Exited ended its goroutine (runtime.Goexit) in place of returning. It gets
	// the same ctx and m, in the goroutine that takes the worker's place. May be
	// nil, which is [Requeue].
	Exited func(ctx context.Context, m *Message) Verdict
	// OnStatus is told of each change of the consumer, under the terms of
	// [Settings.OnLink], with Subscribe and Stop in the place of Connect and
	// Close. May be nil.
	OnStatus func(from State, now Status)
}

// Decide asks Exited where the goroutine that handled m has ended, else Handle.
func (s *Subscription) Decide(ctx context.Context, m *Message, exited bool) Verdict {
	switch {
	case !exited:
		return s.Handle(ctx, m)
	case s.Exited == nil:
		return Requeue
	default:
		return s.Exited(ctx, m)
	}
}

// Consumer is a running subscription. It recovers by itself until Stop.
type Consumer interface {
	// Ready waits until the broker has accepted the consumer: at once when
	// it has, after the recovery while it is being recovered. It returns the error that
	// ended the consumer, or ctx's.
	Ready(ctx context.Context) error
	// Err is nil while consuming, else why it is not.
	Err() error
	// Stop takes no further deliveries, waits for the running handlers, writes
	// their verdicts and hands the prefetched rest back to the broker. When ctx
	// ends first, the handlers' contexts are cancelled, what is unsettled goes
	// back to the broker, and Stop returns ctx's error.
	Stop(ctx context.Context) error
}
