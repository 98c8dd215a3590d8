package parley

import (
	"context"
	"errors"
	"fmt"
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
	settings := startSettings{transport: a.transport}
	for _, o := range opts {
		o.applyStart(&settings)
	}
	m := a.compile()
	if err := errors.Join(m.faults...); err != nil {
		return err
	}
	n, err := a.connect(ctx, settings.transport, m)
	if err != nil {
		return err
	}
	a.current.Store(n)
	// What was declared while connecting sees no run, or this one.
	if err := n.begin(ctx, n.claim(a.compile())); err != nil {
		return errors.Join(err, a.end(stopNow(), n))
	}
	return nil
}

// Stop takes no further messages, waits for those in hand, confirms their
// replies, acknowledges them, gives the rest back to the broker and closes the
// connection. Requests that still wait end with [ErrStopped]. It returns by the
// end of ctx, with its error when that came first; what was not finished will be
// delivered again. An app that does not run returns nil.
func (a *App) Stop(ctx context.Context) error {
	if err := a.take(ctx); err != nil {
		return fmt.Errorf("parley: stop: %w", err)
	}
	defer a.release()
	n := a.current.Load()
	if n == nil {
		return nil
	}
	if err := a.end(ctx, n); err != nil {
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
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.settings.drain)
	defer cancel()
	return a.Stop(drain)
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
