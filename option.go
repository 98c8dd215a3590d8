package parley

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// Option configures an app. Every [SubscriberOption] and [SendOption] is one
// too: given to [New] it is the default for all subscribers or sends, and the
// nearest one wins.
type Option interface {
	fmt.Stringer
	applyApp(s *appSettings)
}

// SubscriberOption configures one subscriber, or all of a router or an app.
type SubscriberOption interface {
	Option
	applySubscriber(s *subscriberSettings)
}

// SendOption configures one call that sends, or all of a publisher or an app.
type SendOption interface {
	Option
	applySend(s *sendSettings)
}

// present returns the options that are not nil, and the fault that others are.
func present[O any](opts []O) ([]O, error) {
	missing := func(o O) bool { return any(o) == nil }
	if !slices.ContainsFunc(opts, missing) {
		return opts, nil
	}
	return slices.DeleteFunc(slices.Clone(opts), missing), &topology.Error{Wanted: "options", Got: "nil", Hint: "leave it out"}
}

// appSettings is what the options of an app add up to.
type appSettings struct {
	name, version string
	logger        *slog.Logger
	codecs        []serialization.Codec
	natives       []transport.NativeMessages
	validate      *validator.Validate
	failFast      bool
	drain         time.Duration
	maxPending    int
	hooks         hooks
	laterKeys     [][]byte
	observers     []func(Event)
	subscriber    subscriberSettings
	send          sendSettings
	// misplaced are options of one declaration that were given to several.
	misplaced []string
}

// Defaults, each changed by an option.
const (
	// DefaultTimeout is how long a request waits, see [Timeout].
	DefaultTimeout = 30 * time.Second
	// DefaultConcurrency is how many messages of one subscriber are handled at
	// once, see [Concurrency].
	DefaultConcurrency = 32
	// DefaultMaxBody is the largest body that is decoded, in bytes, see [MaxBody].
	DefaultMaxBody = 16 << 20
	// DefaultDrain is how long [App.Run] waits for running handlers, see [Drain].
	DefaultDrain = 10 * time.Second
	// DefaultMaxPending is how many requests may wait at once, see [MaxPending].
	DefaultMaxPending = 100_000
	// DefaultWindow is how many messages of a batch are unconfirmed at once,
	// see [Window].
	DefaultWindow = 512
	// DefaultStreamWindow is how many items of a stream may be ahead of its
	// reader, see [Window].
	DefaultStreamWindow = 256
	// prefetchFactor times the concurrency is the default prefetch.
	prefetchFactor = 4
)

func defaultSettings() appSettings {
	return appSettings{
		drain:      DefaultDrain,
		maxPending: DefaultMaxPending,
		subscriber: subscriberSettings{maxBody: DefaultMaxBody},
		send:       sendSettings{timeout: DefaultTimeout, due: DefaultDue},
	}
}

type appOption struct {
	text  string
	apply func(*appSettings)
}

func (o appOption) String() string          { return o.text }
func (o appOption) applyApp(s *appSettings) { o.apply(s) }

// Info names the app: in the broker's listings, in the names of queues behind
// exchanges, and in documents. Both are empty by default. A subscriber behind
// an exchange needs a name here or a topology.Queue.
func Info(name, version string) Option {
	return appOption{
		fmt.Sprintf("parley.Info(%q, %q)", name, version),
		func(s *appSettings) { s.name, s.version = name, version },
	}
}

// Logger receives the app's events: failed messages, registrations, sessions.
// Ids and addresses are fields; bodies and credentials are never logged. The
// default, and nil, is slog.Default() at the time of New.
func Logger(l *slog.Logger) Option {
	return appOption{"parley.Logger(…)", func(s *appSettings) { s.logger = l }}
}

// Codec adds a codec. Messages of its content type are decoded with it; values
// are encoded with it when it is a [serialization.Selective] that takes their
// type, or was wrapped in [serialization.Default]. A nil codec is left out.
func Codec(c serialization.Codec) Option {
	if c == nil {
		return appOption{"parley.Codec(nil)", func(*appSettings) {}}
	}
	return appOption{
		fmt.Sprintf("parley.Codec(%s)", c.ContentType()),
		func(s *appSettings) { s.codecs = append(s.codecs, c) },
	}
}

// Natives lets handlers return, and publishers send, messages of a broker's
// own client library. The app's transport brings its own; this adds another
// transport's, for an app that runs on memory.
func Natives(n transport.NativeMessages) Option {
	return appOption{"parley.Natives(…)", func(s *appSettings) { s.natives = append(s.natives, n) }}
}

// Validator replaces the validator, to bring custom rules; the default one has
// validator.WithRequiredStructEnabled. Error texts use the names that its
// RegisterTagNameFunc gives to fields, by default those on the wire. Register
// everything before the app starts.
func Validator(v *validator.Validate) Option {
	return appOption{"parley.Validator(…)", func(s *appSettings) { s.validate = v }}
}

// FailFast makes [App.Start] return the first failed attempt to reach the
// broker, in place of trying until its context ends.
func FailFast() Option {
	return appOption{"parley.FailFast()", func(s *appSettings) { s.failFast = true }}
}

// Drain is how long [App.Run] and [App.Shutdown] let running handlers finish,
// [DefaultDrain] by default. It does not concern [App.Stop], whose context says
// it.
func Drain(d time.Duration) Option {
	return appOption{
		fmt.Sprintf("parley.Drain(%v)", d),
		func(s *appSettings) { s.drain = d },
	}
}

// MaxPending bounds the requests of an app that wait for a reply at the same
// time, [DefaultMaxPending] by default; with less than 1 there can be none. One
// more fails with [ErrNotSent] and [CodeResourceExhausted].
func MaxPending(n int) Option {
	return appOption{
		fmt.Sprintf("parley.MaxPending(%d)", n),
		func(s *appSettings) { s.maxPending = n },
	}
}

// StartOption changes one run of an app.
type StartOption interface {
	fmt.Stringer
	applyStart(s *startSettings)
}

type startSettings struct {
	transport transport.Transport
	around    []HandleMiddleware
}

type startOption struct {
	text  string
	apply func(*startSettings)
}

func (o startOption) String() string              { return o.text }
func (o startOption) applyStart(s *startSettings) { o.apply(s) }

// On runs the app on another transport than the one given to [New], as tests do.
func On(t transport.Transport) StartOption {
	return startOption{
		fmt.Sprintf("parley.On(%s)", t),
		func(s *startSettings) { s.transport = t },
	}
}

// Around wraps the handling of every subscriber in one run, outside all other
// middleware; of several the first is the outermost. It is for those who look at
// a run from outside, as tests do.
func Around(m HandleMiddleware) StartOption {
	return startOption{
		"parley.Around(…)",
		func(s *startSettings) { s.around = append(s.around, m) },
	}
}
