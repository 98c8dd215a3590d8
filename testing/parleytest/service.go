package parleytest

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/faultproxy"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// Service is an app under test with everything around it: a broker, a peer that
// sends and serves stubs, and a record of what happens. Its methods may be
// called concurrently, those that can fail a test from the test's goroutine only.
type Service struct {
	t TB
	*world
}

// world is what the services of one [Start] share.
type world struct {
	settings
	// virtual says that the test runs in a synctest bubble.
	virtual bool
	memory  *memory.Broker
	proxy   *faultproxy.Proxy
	names   *names
	log     *ledger
	broker  *Broker
	labels  pprof.LabelSet
	label   string
	peer    *party
	// raw is a connection below parley, and replies what came back on it.
	raw     transport.Conn
	replies mailbox

	mu      sync.Mutex
	parties []*party
	links   map[string]transport.Status
}

// Start runs app until the test ends, on a broker in memory or, where the
// environment variable [EnvURL] names one, on a RabbitMQ under names of the
// test's own. The app is that of its production constructor: whatever transport
// it was made for is not used.
//
// When the test ends the app is stopped. The test fails when a handler does not
// return, a message is left unsettled, or a goroutine remains that the app or
// one of its handlers started. In a synctest bubble, where Start takes memory
// always, that happens before the bubble ends.
func Start(t TB, app *parley.App, opts ...Option) *Service {
	t.Helper()
	w := &world{settings: settings{patience: DefaultPatience}, log: newLedger(), virtual: inBubble(), links: map[string]transport.Status{}}
	for _, o := range opts {
		o.apply(&w.settings)
	}
	if w.virtual {
		w.patience = virtualPatience
	}
	w.label = rand.Text()
	w.labels = pprof.Labels("parleytest", w.label)
	ts := &Service{t, w}
	w.broker = &Broker{service: ts}
	t.Cleanup(func() { ts.stop() })
	ts.choose()
	ts.connect()
	ts.startPeer()
	return ts.Run(app)
}

// inBubble reports whether the caller is in a bubble of testing/synctest.
func inBubble() (yes bool) {
	// Outside of one, Wait panics.
	defer func() { _ = recover() }()
	synctest.Wait()
	return true
}

// With returns the same service for another test, as one that was made by t.Run.
// Failures are reported there. The app stops with the test that started it.
func (ts *Service) With(t TB) *Service { return &Service{t, ts.world} }

// Run starts one more app on the same broker, as a second instance or as another
// service. It is under test as the first one is.
func (ts *Service) Run(app *parley.App) *Service {
	ts.t.Helper()
	if app == nil {
		ts.failf("wanted an app, got nil")
		return ts
	}
	p := ts.join(nameOf(app), app, true)
	ts.begin(p)
	return ts
}

func nameOf(app *parley.App) string {
	if app.Name() == "" {
		return "the app"
	}
	return app.Name()
}

// Broker is the broker of the test, which can be made to misbehave.
func (ts *Service) Broker() *Broker { return ts.broker }

// choose decides what the test runs on.
func (ts *Service) choose() {
	address := os.Getenv(EnvURL)
	switch {
	case ts.below != nil:
	case ts.virtual || address == "":
		ts.below = memory.New()
	default:
		ts.below = rabbitmq.New(ts.throughProxy(address))
	}
	ts.memory, _ = ts.below.(*memory.Broker)
	if ts.memory == nil && !ts.plain {
		ts.names = newNames("t-" + strings.ToLower(rand.Text()[:10]) + ".")
		ts.below = &named{ts.below, ts.names}
	}
}

// throughProxy puts a network between the test and the broker that can be cut.
// A certificate would not be that of the proxy.
func (ts *Service) throughProxy(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "amqp" {
		return address
	}
	host := u.Host
	if u.Port() == "" {
		host += ":5672"
	}
	proxy, err := faultproxy.New(host)
	if err != nil {
		return address
	}
	ts.proxy = proxy
	u.Host = proxy.Address()
	return u.String()
}

// connect opens the connection below parley.
func (ts *Service) connect() {
	ts.t.Helper()
	by := ts.join("the test", nil, false)
	ctx, cancel := ts.bounded()
	defer cancel()
	raw, err := (&observed{ts.below, ts.world, by}).Connect(ctx, transport.Settings{
		App: "parleytest", Logger: slog.New(slog.DiscardHandler),
		OnReply: ts.replies.put, OnLink: ts.link,
	})
	if err != nil {
		ts.failf("%v", err)
		return
	}
	ts.raw = raw
}

func (w *world) link(_ transport.State, now transport.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.links[now.Connection] = now
}

func (ts *Service) startPeer() {
	ts.t.Helper()
	opts := append([]parley.Option{parley.Info("parleytest", ""), parley.Logger(slog.New(slog.DiscardHandler))}, ts.settings.peer...)
	app := parley.New(ts.below, opts...)
	for _, s := range ts.stubs {
		app.Subscriber(s.address, s.fn, s.opts...)
	}
	ts.peer = ts.join("the test", app, false)
	ts.begin(ts.peer)
}

// join adds a party to the world.
func (w *world) join(name string, app *parley.App, tested bool) *party {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &party{name: name, app: app, tested: tested}
	same := 0
	for _, other := range w.parties {
		if other.tested && other.app != nil && tested && nameOf(other.app) == name {
			same++
		}
	}
	if same > 0 {
		p.name = fmt.Sprintf("%s (%d)", name, same+1)
	}
	w.parties = append(w.parties, p)
	return p
}

// running returns the parties that have an app.
func (w *world) running() []*party {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.parties), func(p *party) bool { return p.app == nil })
}

// begin starts a party's app. Its goroutines can be told by their label.
func (ts *Service) begin(p *party) {
	ts.t.Helper()
	ctx, cancel := ts.bounded()
	defer cancel()
	var err error
	pprof.Do(ctx, ts.labels, func(ctx context.Context) {
		err = p.app.Start(ctx, parley.On(&observed{ts.below, ts.world, p}), parley.Around(ts.watch))
	})
	if err != nil {
		ts.failf("%v", err)
	}
}

// watch notes the runs of handlers.
func (w *world) watch(next parley.Handler) parley.Handler {
	return func(ctx context.Context, m *parley.Message) (out *parley.Message, err error) {
		r := w.log.of(m)
		if r == nil {
			return next(ctx, m)
		}
		a, panics := w.log.began(r), true
		// Not recovered, so that the panic keeps its stack.
		defer func() { w.log.ended(r, a, out, err, panics) }()
		out, err = next(ctx, m)
		panics = false
		return out, err
	}
}

// bounded returns a context that ends when patience does.
func (w *world) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), w.patience)
}

// eventually waits for a state that nothing announces.
func (w *world) eventually(holds func() bool) bool {
	end := time.Now().Add(w.patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		switch {
		case holds():
			return true
		case !time.Now().Before(end):
			return false
		}
		time.Sleep(pause)
	}
}
