package parley

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/internal/callsite"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport"
)

// App is a set of declarations (subscribers, publishers, routers) and at most
// one run of them on a transport. Its methods may be called concurrently.
//
// Declarations never fail on the spot: what is wrong with them is collected and
// returned together by [App.Err] and [App.Start]. Options, routers and
// middleware may be declared in any order before Start.
type App struct {
	scope
	transport transport.Transport
	settings  appSettings
	wire      *binder.Wire
	checks    *checks
	stats     stats
	// fault is what is wrong with the app's options themselves.
	fault error

	// turn lets one Start or Stop work at a time; holding it is having sent.
	turn    chan struct{}
	current atomic.Pointer[run]
	// watch is that of the current run, or of the last one.
	watch atomic.Pointer[watch]
	ended atomic.Bool
}

// New returns an app that will run on t. It does no I/O.
func New(t transport.Transport, opts ...Option) *App {
	a := &App{transport: t, settings: defaultSettings(), turn: make(chan struct{}, 1)}
	opts, a.fault = present(opts)
	for _, o := range opts {
		o.applyApp(&a.settings)
	}
	if a.settings.logger == nil {
		a.settings.logger = slog.Default()
	}
	natives := a.settings.natives
	if n, ok := t.(transport.NativeMessages); ok {
		natives = append(natives, n)
	}
	a.wire = binder.NewWire(serialization.NewRegistry(a.settings.codecs...), natives...)
	a.checks = newChecks(a.settings.validate)
	return a
}

// Name returns the app's name, see [Info].
func (a *App) Name() string { return a.settings.name }

// Version returns the app's version, see [Info].
func (a *App) Version() string { return a.settings.version }

// Subscriber registers fn for the messages of address and returns a handle.
// In a running app it begins to consume at once.
//
// fn is a function of one of these forms, where IN is what a message is decoded
// into and OUT what answers it:
//
//	func([context.Context], [IN], [PARAM…]) ([OUT], [error])
//
// IN is any type that a codec decodes into, a *[Message], a struct whose fields
// carry `header:"…"`, `path:"…"` or `body:""` tags, [NoBody], or an iterator of
// any of these, which reads a stream of items that the caller sends. Each PARAM
// is of a type that a [Param] makes, or a *[Message] behind another input, a
// *[Delivery], a [Later] or a [Sender]. OUT is any value that may be published, a
// [Response], or a *[Message], or an iterator that answers with a stream.
// Methods and closures are functions like any other.
//
// What is decoded is validated before fn is called: by its `validate:"…"` tags
// (package github.com/go-playground/validator/v10, see [Validator]; a rule that
// is not known is a registration error), and a type with a method Enum() []any
// takes only the values that it lists. fn is called concurrently, see
// [Concurrency]. Its context carries the time that a waiting caller has left and
// [HandlerTimeout], and ends when the delivery is lost or the budget of
// [App.Stop] is used up.
func (a *App) Subscriber(address string, fn any, opts ...SubscriberOption) *Subscriber {
	d := newDeclaration(address, fn, opts, callsite.Caller())
	a.receive(d)
	return d.handle
}

// receive adds a subscriber, which begins at once in a running app.
func (a *App) receive(d *declaration) {
	d.handle = &Subscriber{app: a, declared: d, changed: make(chan struct{})}
	a.addSubscriber(d)
	a.beginAdded()
}

// Publisher declares that the app sends to address, and returns what it sends
// with. opts are the defaults of its calls.
func (a *App) Publisher(address string, opts ...SendOption) *Publisher {
	p := newPublisher(address, opts, callsite.Caller())
	a.addPublisher(p)
	if a.current.Load() != nil {
		a.compile()
	}
	return p
}

// Use adds middleware around the app's subscribers and publishers, those of its
// routers included. The first one is the outermost. It has no effect on a run
// that has begun.
func (a *App) Use(middleware ...Middleware) { a.addMiddleware(middleware) }

// Include adds the declarations of r. A router may be included in several apps.
// In a running app they begin at once.
func (a *App) Include(r *Router) {
	a.include(r, callsite.Caller())
	a.beginAdded()
}

// Err returns everything that is wrong with the app's declarations, each as a
// [*RegistrationError], joined; nil when the app can start.
func (a *App) Err() error { return errors.Join(a.compile().faults...) }

// Stats returns counters of what happened since New.
func (a *App) Stats() Stats { return a.stats.snapshot() }

// scope holds declarations; it is what an app and a router have in common.
type scope struct {
	mu          sync.Mutex
	middleware  []Middleware
	subscribers []*declaration
	publishers  []*Publisher
	included    []inclusion
}

// inclusion is one Include call.
type inclusion struct {
	router *Router
	site   callsite.Site
}

func (s *scope) addMiddleware(m []Middleware) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.middleware = append(s.middleware, m...)
}

func (s *scope) addSubscriber(d *declaration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers = append(s.subscribers, d)
}

func (s *scope) addPublisher(p *Publisher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publishers = append(s.publishers, p)
}

func (s *scope) include(r *Router, site callsite.Site) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.included = append(s.included, inclusion{r, site})
}

// declared returns what stands in the scope now.
func (s *scope) declared() (mw []Middleware, subs []*declaration, pubs []*Publisher, in []inclusion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(mw, s.middleware...), append(subs, s.subscribers...), append(pubs, s.publishers...), append(in, s.included...)
}
