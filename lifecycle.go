package parley

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"
)

// Start connects and returns when every subscriber consumes. While the broker
// is absent it tries until ctx ends, unless [FailFast] is given; what waiting
// cannot cure (registration errors, a malformed address, a refused login, a
// queue that exists with other arguments) is returned at once, and nothing
// stays behind. ctx bounds only Start: the app runs until [App.Stop].
//
// An app that runs cannot be started; a stopped one can.
func (a *App) Start(ctx context.Context, opts ...StartOption) error {
	if err := a.take(ctx); err != nil {
		return fmt.Errorf("parley: start: %w", err)
	}
	defer a.release()
	if a.current.Load() != nil {
		return errors.New("parley: start: the app runs already; hint: one App has one run at a time, make a second App")
	}
	opts, err := present(opts)
	if err != nil {
		return fmt.Errorf("parley: start: %w", err)
	}
	settings := startSettings{transport: a.transport}
	for _, o := range opts {
		o.applyStart(&settings)
	}
	if settings.transport == nil && a.transport != nil {
		return errors.New("parley: start: wanted a transport, got nil; hint: parley.On(memory.New())")
	}
	m := a.compile()
	if err := errors.Join(m.faults...); err != nil {
		return err
	}
	return a.launch(ctx, &settings, m)
}

// launch is Start without its checks. What it had begun when it fails it ends.
func (a *App) launch(ctx context.Context, s *startSettings, m *model) error {
	w := newWatch(a.settings.observers, &a.stats)
	w.events.begin(a.logPanic)
	a.watch.Store(w)
	if err := a.settings.hooks.begin(ctx, onStart); err != nil {
		return errors.Join(fmt.Errorf("parley: start: %w", err), a.finish(ctx, w))
	}
	n, err := a.connect(ctx, s, m, w)
	if err != nil {
		return errors.Join(err, a.finish(ctx, w))
	}
	a.current.Store(n)
	// What was declared while connecting sees no run, or this one.
	if err := n.begin(ctx, n.claim(a.compile())); err != nil {
		// That nothing is waited for is no news.
		_ = a.end(stopNow(), n)
		return errors.Join(err, a.finish(ctx, w))
	}
	if err := a.settings.hooks.begin(ctx, onStarted); err != nil {
		drain, cancel := a.draining(ctx)
		defer cancel()
		return errors.Join(fmt.Errorf("parley: start: %w", err), a.halt(drain, n))
	}
	w.set(StatusUp)
	a.log("parley: started", slog.String("transport", s.transport.String()))
	return nil
}

// Stop takes no further messages, waits for those in hand, confirms their
// replies, acknowledges them, gives the rest back to the broker and closes the
// connection. Requests that still wait end with [ErrStopped]. It returns by the
// end of ctx, with its error when that came first; what was not finished will be
// delivered again. A handler that heeds no context then runs on in its goroutine,
// which nobody can end: that is logged with its message. An app that does not run
// returns nil.
func (a *App) Stop(ctx context.Context) error {
	if err := a.take(ctx); err != nil {
		return fmt.Errorf("parley: stop: %w", err)
	}
	defer a.release()
	n := a.current.Load()
	if n == nil {
		return nil
	}
	if err := a.halt(ctx, n); err != nil {
		return fmt.Errorf("parley: stop: %w", err)
	}
	return nil
}

// Run starts the app, waits for the end of ctx, SIGINT or SIGTERM, and stops it
// within the time of [Drain]. It returns nil when everything in hand was
// finished. A second signal ends the process at once.
func (a *App) Run(ctx context.Context) error {
	signalled, restore := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	if err := a.Start(signalled); err != nil {
		return err
	}
	<-signalled.Done()
	restore()
	return a.Shutdown(context.WithoutCancel(ctx))
}

// Shutdown is [App.Stop] within the time of [Drain], or by the end of ctx where
// that comes first. What stops several things with one context leaves the
// others some of it this way.
func (a *App) Shutdown(ctx context.Context) error {
	drain, cancel := context.WithTimeout(ctx, a.settings.drain)
	defer cancel()
	return a.Stop(drain)
}

// draining returns a context for stopping after ctx has ended.
func (a *App) draining(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), a.settings.drain)
}

// halt stops what runs, with its hooks.
func (a *App) halt(ctx context.Context, n *run) error {
	n.watch.set(StatusStopping)
	a.log("parley: stopping")
	return errors.Join(
		a.settings.hooks.end(ctx, onStop),
		a.end(ctx, n),
		a.conclude(ctx, n.watch),
	)
}

// finish concludes a start that failed, whose ctx may have ended.
func (a *App) finish(ctx context.Context, w *watch) error {
	drain, cancel := a.draining(ctx)
	defer cancel()
	return a.conclude(drain, w)
}

// conclude is what comes after the connection: the last events and hooks.
func (a *App) conclude(ctx context.Context, w *watch) error {
	err := errors.Join(w.events.end(ctx), a.settings.hooks.end(ctx, onStopped))
	w.set(StatusStopped)
	a.log("parley: stopped")
	return err
}

func (a *App) log(what string, attrs ...slog.Attr) {
	a.settings.logger.LogAttrs(context.Background(), slog.LevelInfo, what, append([]slog.Attr{
		slog.String("app", a.settings.name), slog.String("version", a.settings.version),
	}, attrs...)...)
}

// logPanic tells of an observer's panic.
func (a *App) logPanic(err error) {
	attrs := []slog.Attr{slog.Any("error", err)}
	if p, ok := errors.AsType[*panicError](err); ok {
		attrs = append(attrs, slog.String("stack", string(p.Stack)))
	}
	a.settings.logger.LogAttrs(context.Background(), slog.LevelError, "parley: a function given to OnEvent panicked", attrs...)
}

// end stops n and leaves the app ready for another start.
func (a *App) end(ctx context.Context, n *run) error {
	err := n.stop(ctx)
	a.ended.Store(true)
	a.current.Store(nil)
	return err
}

// stopNow returns a context that is already over: nothing is waited for.
func stopNow() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// take waits for the turn to start or stop. A free one is taken even when ctx is
// over: to stop at once is a way to stop.
func (a *App) take(ctx context.Context) error {
	if a.turn == nil {
		return errors.New("wanted an app, got a zero one; hint: parley.New(transport)")
	}
	select {
	case a.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case a.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (a *App) release() { <-a.turn }
