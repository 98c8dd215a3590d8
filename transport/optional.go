package transport

import (
	"context"

	"github.com/parley-go/parley/transport/topology"
)

// ReplyClass says how a reply address may be used.
type ReplyClass uint8

// Classes of reply addresses.
const (
	// ReplyForbidden must not be answered.
	ReplyForbidden ReplyClass = iota
	// ReplyNamed is an ordinary queue: its reader may come later.
	ReplyNamed
	// ReplyWaiting belongs to somebody who waits for the answer now.
	ReplyWaiting
)

// ReplyClassifier is implemented by a [Conn] whose broker has reply addresses
// of several kinds. Without it every address is [ReplyNamed].
type ReplyClassifier interface {
	// ClassifyReply judges an address by its form alone, without I/O.
	ClassifyReply(address string) ReplyClass
}

// DurableReplies is implemented by a [Conn] whose reply address may survive its
// session. Requests and replies are then persistent and do not expire.
type DurableReplies interface {
	// DurableReplies reports whether it does.
	DurableReplies() bool
}

// Inboxes is implemented by a [Conn] that has a reply address for many messages
// in both directions, whatever address its requests carry.
type Inboxes interface {
	// Inbox returns the inbox of the present session, making it where there is
	// none. What arrives there is handed to [Settings.OnReply] in the order of
	// its arrival. It may be called concurrently, in handlers too. While there is
	// no session it waits until ctx ends. The errors are those of Publish.
	Inbox(ctx context.Context) (Inbox, error)
}

// Inbox is a reply address that lives as long as its session and that no other
// connection reads. Messages to it are acknowledged as they arrive.
type Inbox struct {
	// Address is classified as [ReplyWaiting]. A mandatory message to it ends with
	// [ErrNoRoute] once the inbox is gone.
	Address string
	// Lost is closed when nothing can arrive there any more. Never nil.
	Lost <-chan struct{}
}

// QueueDeclarer is implemented by a [Conn] that can make queues which nobody
// subscribes to. It may be called concurrently, in handlers too.
type QueueDeclarer interface {
	// DeclareQueue makes the queue unless it exists alike. q must have a name.
	// It is idempotent, and each call renews the expiry of a queue that has one: while there is no session it waits until ctx ends, and
	// what a lost session left open is declared again on the next one. A
	// connection that declares nothing checks that the queue exists.
	//
	// A queue that exists with other arguments, and whatever else waiting
	// cannot cure, is a [PermanentError]. After Close the error is [ErrClosed].
	DeclareQueue(ctx context.Context, q topology.QueueDeclaration) error
}

// QueueInspector is implemented by a [Conn] that can count, look through and
// remove the messages of a queue. It may be called concurrently, in handlers too. While
// there is no session its methods wait until ctx ends.
//
// A queue that does not exist, and whatever else waiting cannot cure, is a
// [PermanentError]. After Close the error is [ErrClosed].
type QueueInspector interface {
	// Depth returns how many messages of the queue are ready, without those
	// that a consumer has. What was put back a moment ago may be missing.
	Depth(ctx context.Context, queue string) (ready int, err error)
	// Purge removes the messages that are ready, for good: they go to no
	// dead-letter exchange. n counts them; what a purge removed whose answer was
	// lost with its session is missing there. Messages that a consumer has stay.
	Purge(ctx context.Context, queue string) (n int, err error)
	// Scan hands the ready messages of the queue to visit, one after the other
	// in the queue's order, on the caller's goroutine, until none is ready or
	// visit returns more as false. It visits as many as were ready when it began,
	// so that what visit puts at the end of the queue does not come round.
	//
	// [Ack] and [Reject] settle a message at once. With any other verdict it is
	// held, so that it is visited once, and goes back to its place at the end, as
	// all that is unsettled does when visit panics. Brokers that count
	// deliveries may count this one.
	//
	// When the session ends, whatever is not settled goes back, an Ack of that
	// moment may be lost with it, and the error is [ErrSessionLost]. When ctx
	// ends Scan does so before the next message, with its cause.
	Scan(ctx context.Context, queue string, visit func(m *Message) (v Verdict, more bool)) error
	// ScanAhead is Scan with verdicts that come later: visit returns a function
	// that gives one, and is called for further messages meanwhile. At most
	// ahead messages, at least 1, wait for their verdicts. The functions are
	// called in the order of the messages, on the caller's goroutine, all of them
	// before ScanAhead returns, also after an error; not when visit panics.
	ScanAhead(ctx context.Context, queue string, ahead int, visit func(m *Message) (verdict func() Verdict, more bool)) error
}

// AtOnce makes of what [QueueInspector.Scan] calls what its ScanAhead calls.
func AtOnce(visit func(m *Message) (Verdict, bool)) func(m *Message) (func() Verdict, bool) {
	return func(m *Message) (func() Verdict, bool) {
		v, more := visit(m)
		return func() Verdict { return v }, more
	}
}

// TopologyChecker is implemented by a [Transport] that cannot honour every
// topology. It is asked when the app compiles its registrations.
type TopologyChecker interface {
	// CheckTopology returns an error that names what is not supported.
	CheckTopology(s topology.Subscription) error
}

// NativeMessages converts messages of a broker's own client library, so that
// a handler may return one and a publisher may send one.
type NativeMessages interface {
	// Outputs are zero values of the types that [NativeMessages.Convert] takes.
	Outputs() []any
	// RefusedInputs are zero values of library types that must not be handler
	// arguments, because they carry methods that settle a delivery.
	RefusedInputs() []any
	// Convert returns v, a value of one of the types of Outputs, as a message
	// that shares v's body.
	Convert(v any) (*Message, error)
}

// Remover is implemented by a [Conn] that can delete what was declared. It is
// for tools and tests. It may be called concurrently; while there is no session
// its methods wait until ctx ends. What does not exist is no error. After Close
// the error is [ErrClosed].
type Remover interface {
	// RemoveQueue deletes a queue with its messages and bindings, for good: they
	// go to no dead-letter exchange. Its consumers are ended by the broker and
	// may declare it anew.
	RemoveQueue(ctx context.Context, queue string) error
	// RemoveExchange deletes an exchange with its bindings.
	RemoveExchange(ctx context.Context, exchange string) error
}
