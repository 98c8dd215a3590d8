package parley

import (
	"context"
	"runtime/debug"
	"sync"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// exits are the deliveries whose handlers ended their goroutines, by their
// messages, until another goroutine goes on with them. Nothing stops a goroutine
// that called runtime.Goexit from ending: a deferred function can only leave word.
type exits struct{ byMessage sync.Map }

// unlessDecided is deferred: where there is no verdict, the goroutine ends.
func (d *delivery) unlessDecided() {
	if !d.decided {
		d.leaveWord()
		d.exits.byMessage.Store(d.message, d)
	}
}

// leaveWord makes sure that the next goroutine knows of the exit, wherever it was.
func (d *delivery) leaveWord() {
	if d.exit == nil {
		d.exit = &panicError{Value: binder.ErrExited, Stack: debug.Stack()}
	}
}

// resume goes on with a delivery of an ended goroutine, as after a panic: see
// [transport.Subscription].
func (r *receiver) resume(ctx context.Context, m *Message) transport.Verdict {
	left, _ := r.exits.byMessage.LoadAndDelete(m)
	d, ok := left.(*delivery)
	if !ok {
		return transport.Requeue
	}
	defer d.unlessDecided()
	v := d.process(ctx)
	d.decided = true
	return v
}

// detach runs the handler in a goroutine of the receiver, or in several where it
// ends them, and calls end with the verdict.
func (d *delivery) detach(ctx context.Context, end func(transport.Verdict)) {
	d.detached.Go(func() {
		returned := false
		defer func() {
			if !returned {
				d.leaveWord()
				d.detach(ctx, end)
			}
		}()
		v := d.process(ctx)
		returned = true
		end(v)
	})
}
