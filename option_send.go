package parley

import (
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// sendSettings is what the options of a call that sends add up to.
type sendSettings struct {
	timeout       time.Duration // 0 is none
	timeoutGiven  bool          // since the last call of forCall
	quiet         bool
	quietGiven    bool
	replyTo       string
	exchange      *topology.Exchange
	path          map[string]string
	headers       Headers
	persistence   transport.Persistence
	mandatory     bool
	id            string
	correlationID string
	token         *string // nil for none
	pending       PendingStore
	due           time.Duration
	trackGiven    bool // since the last call of forCall
	typ           string
	expiration    time.Duration
	priority      uint8
	window        int // 0 is the default of the call
	payload       reflect.Type
	answer        reflect.Type // of a [Client]
	document      document
	compression   serialization.Encoding
	idle          time.Duration // 0 is the default
	maxReplies    int           // 0 is any number
	restarts      bool
	streamGiven   bool // since the last call of forCall
	gather        gatherSettings
	cancellable   bool

	cancellableGiven bool // since the last call of forCall
}

// forCall returns a copy to which the options of one call are applied, nil ones
// left out.
func (s *sendSettings) forCall(opts []SendOption) sendSettings {
	c := *s
	c.forget()
	opts, _ = present(opts)
	for _, o := range opts {
		o.applySend(&c)
	}
	return c
}

// forget makes defaults of all that was given: what a call cannot use of those
// it leaves alone.
func (s *sendSettings) forget() {
	s.timeoutGiven, s.quietGiven, s.streamGiven, s.cancellableGiven, s.trackGiven = false, false, false, false, false
	s.gather.given, s.gather.leastGiven = false, false
}

type sendOption struct {
	text  string
	apply func(*sendSettings)
}

func (o sendOption) String() string            { return o.text }
func (o sendOption) applyApp(s *appSettings)   { o.apply(&s.send) }
func (o sendOption) applySend(s *sendSettings) { o.apply(s) }

// Timeout is how long a request waits for its reply, [DefaultTimeout] by
// default. The earlier of it and the context's deadline is the limit; one of 0
// or less has run out at once, see [NoTimeout]. On a call that does not wait it
// is an error.
func Timeout(d time.Duration) SendOption {
	return sendOption{
		fmt.Sprintf("parley.Timeout(%v)", d),
		func(s *sendSettings) { s.timeout, s.timeoutGiven = max(d, 1), true },
	}
}

// NoTimeout lets a request wait as long as its context lives and the app runs.
// Such a request and its reply are persistent.
func NoTimeout() SendOption {
	return sendOption{"parley.NoTimeout()", func(s *sendSettings) { s.timeout, s.timeoutGiven = 0, true }}
}

// QuietTimeout makes a request that ran into [Timeout] return no error and a
// nil message, or the zero value. It does not cover the context's own end.
func QuietTimeout() SendOption {
	return sendOption{"parley.QuietTimeout()", func(s *sendSettings) { s.quiet, s.quietGiven = true, true }}
}

// ReplyTo sends the answer to the subscriber of another queue. The message is
// persistent. With a call that waits for its reply it is an error.
func ReplyTo(queue string) SendOption {
	return sendOption{
		fmt.Sprintf("parley.ReplyTo(%q)", queue),
		func(s *sendSettings) { s.replyTo = queue },
	}
}

// To sends to an exchange, for which the address is the routing key. Without it
// the address is the name of a queue.
func To(exchange topology.Exchange) SendOption {
	return sendOption{
		fmt.Sprintf("parley.To(%s %q)", exchange.Kind, exchange.Name),
		func(s *sendSettings) { s.exchange = &exchange },
	}
}

// Path fills the parameter {name} of the address.
func Path(name, value string) SendOption {
	return sendOption{
		fmt.Sprintf("parley.Path(%q, %q)", name, value),
		func(s *sendSettings) {
			path := make(map[string]string, len(s.path)+1)
			maps.Copy(path, s.path)
			path[name] = value
			s.path = path
		},
	}
}

// Header sets an application header. Names beginning with "parley-" are
// reserved and refused. See [Headers] for the values that it may have.
func Header(name string, value any) SendOption {
	return sendOption{
		fmt.Sprintf("parley.Header(%q)", name),
		func(s *sendSettings) {
			headers := make(Headers, len(s.headers)+1)
			maps.Copy(headers, s.headers)
			headers[name] = value
			s.headers = headers
		},
	}
}

// Persistent makes the broker write the message to disk. It is the default of
// everything but requests with a time limit.
func Persistent() SendOption { return persistence("parley.Persistent()", transport.Persistent) }

// Transient lets the message be lost when the broker restarts. A Publish that
// returned nil then no longer means that the message is stored.
func Transient() SendOption { return persistence("parley.Transient()", transport.Transient) }

func persistence(text string, p transport.Persistence) SendOption {
	return sendOption{text, func(s *sendSettings) { s.persistence = p }}
}

// Mandatory makes a message to an exchange fail with [ErrNoRoute] when no queue
// takes it. Messages to a queue are always mandatory.
func Mandatory() SendOption {
	return sendOption{"parley.Mandatory()", func(s *sendSettings) { s.mandatory = true }}
}

// MessageID sets the message's id, at most 255 bytes, in place of a made-up
// one. A message that is sent again after an unknown outcome should keep it.
func MessageID(id string) SendOption {
	return sendOption{fmt.Sprintf("parley.MessageID(%q)", id), func(s *sendSettings) { s.id = id }}
}

// CorrelationID sets the correlation id, at most 255 bytes, of a message that
// nobody waits for. A request that waits has one of its own.
func CorrelationID(id string) SendOption {
	return sendOption{fmt.Sprintf("parley.CorrelationID(%q)", id), func(s *sendSettings) { s.correlationID = id }}
}

// Type sets the message's type, a name for readers. It never selects a Go type.
func Type(name string) SendOption {
	return sendOption{fmt.Sprintf("parley.Type(%q)", name), func(s *sendSettings) { s.typ = name }}
}

// Expiration lets the broker drop the message when it waited in a queue for
// longer than d, in whole milliseconds, rounded up, and at most ten years. 0 or
// less has no effect; by default a message waits for ever, and a request expires
// with its time limit.
func Expiration(d time.Duration) SendOption {
	return sendOption{fmt.Sprintf("parley.Expiration(%v)", d), func(s *sendSettings) { s.expiration = d }}
}

// Priority is 0 (lowest, the default) to 255, for queues that order by it.
func Priority(p uint8) SendOption {
	return sendOption{fmt.Sprintf("parley.Priority(%d)", p), func(s *sendSettings) { s.priority = p }}
}

// Window is how many messages of [PublishBatch] may be unconfirmed
// at once, [DefaultWindow] by default, and how many items of a [Stream] may be
// ahead of its reader, [DefaultStreamWindow] by default and 4096 at most. Less
// than 1 counts as 1.
func Window(n int) SendOption {
	return sendOption{fmt.Sprintf("parley.Window(%d)", n), func(s *sendSettings) { s.window = max(n, 1) }}
}

// Payload declares what a publisher sends: a value of another type is refused
// before anything is sent, and documents show it. For an interface type it is
// one of those that implement it. Of a sequence it is the type of each item; an
// iter.Seq[T] as the type says that streams of T are sent.
func Payload[T any]() SendOption {
	t := reflect.TypeFor[T]()
	return sendOption{fmt.Sprintf("parley.Payload[%s]()", t), func(s *sendSettings) { s.payload = t }}
}
