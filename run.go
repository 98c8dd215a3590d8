package parley

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// run is one Start-to-Stop of an app.
type run struct {
	app      *App
	watch    *watch
	conn     transport.Conn
	classify func(string) transport.ReplyClass
	// durable says that replies survive their session.
	durable       bool
	calls         calls
	waits         waits
	streams       streams
	cancellations cancellations
	// closed ends the requests that still wait.
	closed chan struct{}
	// around is the middleware of this run alone.
	around []HandleMiddleware
	// answers is what answers that come later are sent with.
	answers func() *binding
	// ctx lives as long as the run; work are the goroutines that it bounds.
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu        sync.Mutex
	stopping  bool
	receivers map[receiverKey]*receiver
}

// receiverKey tells receivers apart across compilations.
type receiverKey struct {
	declared *declaration
	address  string
}

func (r *receiver) key() receiverKey { return receiverKey{r.declared, r.template.String()} }

// connect opens the connection of a run of m.
func (a *App) connect(ctx context.Context, s *startSettings, m *model, w *watch) (*run, error) {
	n := &run{
		app:       a,
		around:    s.around,
		answers:   a.answering(),
		watch:     w,
		closed:    make(chan struct{}),
		calls:     calls{pending: map[string]*call{}, max: a.settings.maxPending},
		receivers: map[receiverKey]*receiver{},
		classify:  func(string) transport.ReplyClass { return transport.ReplyNamed },
	}
	conn, err := s.transport.Connect(ctx, transport.Settings{
		App:       a.settings.name,
		FailFast:  a.settings.failFast,
		Exchanges: m.exchanges(),
		Logger:    a.settings.logger,
		OnReply:   n.onReply,
		OnLink:    w.link,
	})
	if err != nil {
		return nil, fmt.Errorf("parley: start on %s: %w", s.transport, err)
	}
	n.conn = conn
	if c, ok := conn.(transport.ReplyClassifier); ok {
		n.classify = c.ClassifyReply
	}
	if d, ok := conn.(transport.DurableReplies); ok {
		n.durable = d.DurableReplies()
	}
	n.ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	n.cancellations.init(&n.streams)
	n.streams.init(n)
	return n, nil
}

// exchanges are those that publishers name, each once.
func (m *model) exchanges() []topology.Exchange {
	var all []topology.Exchange
	seen := map[string]bool{}
	add := func(b *binding) {
		if e := b.settings.exchange; e != nil && !seen[e.Name] {
			seen[e.Name] = true
			all = append(all, *e)
		}
	}
	for _, b := range m.bindings {
		add(b)
	}
	for _, r := range m.receivers {
		for _, b := range r.forwards {
			add(b)
		}
	}
	return all
}

// claim returns those of m's receivers that the run does not have yet, and has
// them from now on; none once it stops.
func (n *run) claim(m *model) []*receiver {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopping {
		return nil
	}
	var added []*receiver
	for _, r := range m.receivers {
		if _, known := n.receivers[r.key()]; known {
			continue
		}
		n.receivers[r.key()] = r
		added = append(added, r)
		n.watch.expect(r)
		if h := r.declared.handle; h != nil {
			h.set(r)
		}
	}
	return added
}

// begin starts receivers side by side and returns when all consume.
func (n *run) begin(ctx context.Context, receivers []*receiver) error {
	errs := make([]error, len(receivers))
	var all sync.WaitGroup
	for i, r := range receivers {
		all.Go(func() {
			if errs[i] = r.begin(ctx, n); errs[i] != nil {
				n.watch.failed(r, errs[i])
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// beginAdded starts what was declared after the app was.
func (a *App) beginAdded() {
	n := a.current.Load()
	if n == nil {
		return
	}
	m := a.compile()
	a.goes(func() {
		if err := n.begin(n.ctx, n.claim(m)); err != nil && n.ctx.Err() == nil {
			a.settings.logger.Error("parley: subscriber did not begin", "error", err)
		}
	})
}

// goes runs f in a goroutine that the current run waits for; false when there
// is no run, or it stops.
func (a *App) goes(f func()) bool {
	n := a.current.Load()
	if n == nil {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopping {
		return false
	}
	n.work.Go(f)
	return true
}

// stop ends the run, in this order: nothing new begins; consumers stop and
// their handlers finish, which may still publish and request; waiting requests
// end; the connection closes.
func (n *run) stop(ctx context.Context) error {
	n.mu.Lock()
	n.stopping = true
	n.mu.Unlock()
	errs := []error{n.stopReceivers(ctx)}
	n.cancellations.callOff(ctx)
	n.cancel()
	close(n.closed)
	errs = append(errs, n.conn.Close(ctx))
	n.streams.feeds.end(ctx, n.app)
	return errors.Join(append(errs, n.awaitWork(ctx))...)
}

// awaitWork waits for the goroutines of the run. All of them end with it, unless
// a function of the user's in one heeds nothing: they get a moment to do so when
// ctx has ended.
func (n *run) awaitWork(ctx context.Context) error {
	gone := finished(&n.work)
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	}
	late := time.NewTimer(stopMargin)
	defer late.Stop()
	select {
	case <-gone:
		return nil
	case <-late.C:
		return fmt.Errorf("a call of parley.Go still runs: %w", context.Cause(ctx))
	}
}

// finished is closed when the goroutines of work, which call functions of the
// user's, have ended.
func finished(work *sync.WaitGroup) <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		// Ends with the last of them, which nobody can force.
		defer close(gone)
		work.Wait()
	}()
	return gone
}

func (n *run) stopReceivers(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, len(n.receivers))
	for i, r := range slices.Collect(maps.Values(n.receivers)) {
		all.Go(func() { errs[i] = r.stop(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}
