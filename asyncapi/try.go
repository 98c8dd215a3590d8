package asyncapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/parley-go/parley/transport/topology"
)

// Use is one use of the form that sends: what a visitor asks for.
type Use struct {
	// Request is the visitor's HTTP request. Its body is read already.
	Request *http.Request
	// Operation is the id of the operation in the document.
	Operation string
	// Kind is what is to be done.
	Kind UseKind
}

// UseKind is what a visitor may do.
type UseKind string

// The three kinds.
const (
	// UseCheck reads a message as the service would, and sends nothing.
	UseCheck UseKind = "check"
	// UseRequest sends it and waits for the answer, or shows the answers of a
	// stream as they come.
	UseRequest UseKind = "request"
	// UseSend sends it and waits until it is stored.
	UseSend UseKind = "send"
)

// What marks a message that was sent from the page, besides the name of the
// app that sends it.
const (
	// HeaderOrigin is the header that says so, with [Origin] as its value.
	HeaderOrigin = "x-origin"
	// Origin is that value, and follows the app's name in the property app-id.
	Origin = "docs page"
)

// Limits of the form, each with an option of its own.
const (
	// DefaultTryBody is how large a use may be, in bytes, see [TryBody].
	DefaultTryBody = 256 << 10
	// DefaultTryTimeout is how long a use may take, see [TryTimeout].
	DefaultTryTimeout = 30 * time.Second
	// DefaultTryRate is how many uses there are in a minute, those of all
	// visitors together, see [TryRate].
	DefaultTryRate = 60
	// DefaultTryReplies is how many replies of a stream are shown, see
	// [TryReplies].
	DefaultTryReplies = 1000
	// DefaultTryAtOnce is how many uses there are at once, see [TryAtOnce].
	DefaultTryAtOnce = 4
)

// trying is the form's settings and state.
type trying struct {
	authorize func(Use) error
	loopback  bool
	body      int
	timeout   time.Duration
	replies   int
	logger    *slog.Logger
	rate      int
	atOnce    int

	origin http.CrossOriginProtection
	slots  chan struct{}
	mu     sync.Mutex
	full   time.Time // when the bucket of uses will be full again
}

// TryOption changes what [TryIt] allows.
type TryOption func(*trying)

// TryIt adds a form to each operation that sends a message, or a request whose
// answer it shows, through the running app's own connection. It is off unless
// this option is given, because whoever can use it can do what any peer of the
// service can.
//
// authorize is asked for every use, concurrently; an error refuses it. An
// [*parley.Error] is told to the visitor, another one only that it was refused.
// nil is an error of the page: see [TryItOnLoopback] for development.
//
// A use names an operation, never an address; it may set the headers that the
// operation declares and no others; it must come from the page itself, as JSON.
// To an operation that reads a stream of items it sends one, a stream of one.
// It ends with its HTTP request, with [TryTimeout] and with the app's Stop. Each
// one is logged, without what was sent.
func TryIt(authorize func(Use) error, opts ...TryOption) PageOption {
	return pageOption{"asyncapi.TryIt(…)", func(s *pageSettings) {
		if authorize == nil {
			s.faults = append(s.faults, fmt.Errorf("asyncapi.TryIt: %w", &topology.Error{
				Wanted: "a function that authorises", Got: "nil", Hint: "on the machine of a developer: asyncapi.TryItOnLoopback()",
			}))
			return
		}
		s.try = newTrying(authorize, opts)
	}}
}

// TryItOnLoopback is [TryIt] for development: everybody may send who reaches
// the page from the machine it is on. It works only where the HTTP server
// listens on a loopback address, is asked for under such a name, and no proxy
// stands in between.
func TryItOnLoopback(opts ...TryOption) PageOption {
	return pageOption{"asyncapi.TryItOnLoopback(…)", func(s *pageSettings) {
		s.try = newTrying(func(Use) error { return nil }, opts)
		s.try.loopback = true
	}}
}

func newTrying(authorize func(Use) error, opts []TryOption) *trying {
	t := &trying{
		authorize: authorize, body: DefaultTryBody, timeout: DefaultTryTimeout,
		rate: DefaultTryRate, replies: DefaultTryReplies, atOnce: DefaultTryAtOnce, logger: slog.Default(),
	}
	for _, o := range opts {
		o(t)
	}
	t.slots = make(chan struct{}, t.atOnce)
	return t
}

// TryBody is how large a use may be, message and all, in bytes; less than 1
// counts as 1.
func TryBody(n int) TryOption { return func(t *trying) { t.body = max(n, 1) } }

// TryTimeout is how long a use may take.
func TryTimeout(d time.Duration) TryOption { return func(t *trying) { t.timeout = max(d, 1) } }

// TryReplies is how many replies of a stream are shown, of at most 4 MiB in all;
// then its handler is cancelled. Less than 1 counts as 1.
func TryReplies(n int) TryOption { return func(t *trying) { t.replies = max(n, 1) } }

// TryRate is how many uses there are in a minute, those of all visitors
// together; less than 1 counts as 1. As many may come at once.
func TryRate(n int) TryOption { return func(t *trying) { t.rate = max(n, 1) } }

// TryAtOnce is how many uses there are at once; less than 1 counts as 1.
func TryAtOnce(n int) TryOption { return func(t *trying) { t.atOnce = max(n, 1) } }

// TryLogger is where uses are logged, [slog.Default] by default.
func TryLogger(l *slog.Logger) TryOption { return func(t *trying) { t.logger = l } }

// take takes one of the uses of this minute, if one is left.
func (t *trying) take() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	interval, now := time.Minute/time.Duration(t.rate), time.Now()
	if t.full.Before(now) {
		t.full = now
	}
	if t.full.Sub(now) > time.Minute-interval {
		return false
	}
	t.full = t.full.Add(interval)
	return true
}
