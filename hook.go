package parley

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/parley-go/parley/internal/callsite"
)

// hook is a function of the user's that runs when the app starts or stops.
type hook struct {
	f    func(ctx context.Context) error
	site callsite.Site
}

// moment is when a hook runs.
type moment int

const (
	onStart moment = iota
	onStarted
	onStop
	onStopped
	moments
)

// String returns the name of the option.
func (m moment) String() string { return [...]string{"OnStart", "OnStarted", "OnStop", "OnStopped"}[m] }

// hooks are those of an app by their moment.
type hooks [moments][]hook

// OnStart runs f when the app starts, before it connects. Start's context is
// f's. An error ends [App.Start] with it.
//
// Hooks run one after the other, those of starting in the order of the options
// and those of stopping in the reverse order:
//
//	Start: OnStart → connect → everything consumes → OnStarted
//	Stop:  OnStop → handlers finish, consumers stop, the connection closes → OnStopped
//
// What begins also ends: a Start that fails runs the OnStopped hooks when it had
// come to those of OnStart, and the OnStop hooks when it had come to those of
// OnStarted. So a hook of stopping may find that its counterpart did not run.
// A panic is an error. A hook must heed its context, which is all that bounds
// it, and must not start or stop the app.
func OnStart(f func(ctx context.Context) error) Option { return newHook(onStart, f) }

// OnStarted runs f when everything consumes, before [App.Start] returns.
// Messages may have been handled by then. f may publish and request. Until it
// has returned the app's health is that it starts. An error stops the app, within
// the time of [Drain], and is returned by Start. See [OnStart] for the order.
func OnStarted(f func(ctx context.Context) error) Option { return newHook(onStarted, f) }

// OnStop runs f when the app begins to stop and everything still works. Health
// says already that the app is stopping. An error is returned by [App.Stop] and
// keeps nothing from stopping. See [OnStart] for the order.
func OnStop(f func(ctx context.Context) error) Option { return newHook(onStop, f) }

// OnStopped runs f when the connection is closed and all events are delivered,
// also when the time of Stop is used up: f's context has ended then. An error is
// returned by [App.Stop]. See [OnStart] for the order.
func OnStopped(f func(ctx context.Context) error) Option { return newHook(onStopped, f) }

func newHook(m moment, f func(ctx context.Context) error) Option {
	h := hook{f, callsite.Caller()}
	return appOption{
		fmt.Sprintf("parley.%s(…)", m),
		func(s *appSettings) { s.hooks[m] = append(s.hooks[m], h) },
	}
}

// begin runs the hooks of a moment of starting up to the first that fails.
func (h *hooks) begin(ctx context.Context, m moment) error {
	for _, f := range h[m] {
		if err := f.run(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// end runs all hooks of a moment of stopping.
func (h *hooks) end(ctx context.Context, m moment) error {
	var faults []error
	for _, f := range slices.Backward(h[m]) {
		faults = append(faults, f.run(ctx, m))
	}
	return errors.Join(faults...)
}

func (h hook) run(ctx context.Context, m moment) error {
	if err := recovered(func() error { return h.f(ctx) }); err != nil {
		return fmt.Errorf("hook %s (%s): %w", m, h.site, err)
	}
	return nil
}

// recovered calls f and makes an error of its panic.
func recovered(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}
