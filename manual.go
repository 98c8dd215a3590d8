package parley

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// ErrSettled says that the delivery was settled before.
var ErrSettled = errors.New("the delivery is settled already")

// Delivery settles one message by hand. A handler of a subscriber with [Manual]
// takes a *Delivery as a further parameter:
//
//	func(ctx context.Context, o Order, d *parley.Delivery) error
//
// One of its methods is called once, at any time before the handler returns;
// later and further calls return [ErrSettled]. They may be called concurrently.
// The broker hears of it at once, so the handler may go on working.
type Delivery struct {
	mu      sync.Mutex
	over    bool
	settled chan transport.Verdict
}

func newDelivery() *Delivery { return &Delivery{settled: make(chan transport.Verdict, 1)} }

// Ack removes the message from its queue.
func (d *Delivery) Ack() error { return d.settle(transport.Ack) }

// Requeue puts it back to be delivered again, at once and to any instance.
func (d *Delivery) Requeue() error { return d.settle(transport.Requeue) }

// Reject gives it to the queue's dead-letter exchange; where there is none the
// broker drops it.
func (d *Delivery) Reject() error { return d.settle(transport.Reject) }

func (d *Delivery) settle(v transport.Verdict) error {
	if !d.close() {
		return ErrSettled
	}
	d.settled <- v
	return nil
}

// close takes the right to settle; false when it is gone.
func (d *Delivery) close() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return false
	}
	d.over = true
	return true
}

// errForeignContext ends a run whose context does not know its message.
var errForeignContext = errors.New("a middleware replaced the handler's context; hint: derive it from the one it was given")

var deliveryType = reflect.TypeFor[*Delivery]()

// deliveries supplies the one parameter that parley itself knows.
var deliveries, _ = binder.NewResolver(func(ctx context.Context) (*Delivery, error) {
	h, ok := ctx.Value(messageKey{}).(*handling)
	if !ok || h.delivery == nil {
		return nil, errForeignContext
	}
	return h.delivery, nil
}, "")

// checkManual returns what is wrong between [Manual] and the handler.
func (r *receiver) checkManual(params []reflect.Type) error {
	takes := false
	for _, t := range params {
		takes = takes || t == deliveryType
	}
	switch {
	case takes && !r.settings.failure.manual:
		return &topology.Error{Wanted: "parley.Manual() for a handler that takes a *parley.Delivery", Got: "neither Manual nor another way to settle", Hint: "add parley.Manual(), or leave the parameter out"}
	case r.settings.failure.manual && !takes:
		return &topology.Error{Wanted: "a *parley.Delivery parameter for parley.Manual()", Got: "none", Hint: "add it behind the input, or leave parley.Manual out"}
	}
	return nil
}

// serveManual runs the handler in a goroutine of the receiver and returns as
// soon as the message is settled, by hand or by the handler's end.
func (d *delivery) serveManual(ctx context.Context) transport.Verdict {
	hand := newDelivery()
	d.byHand = hand
	// The handler's context ends with the delivery until that is settled, and
	// with the run from then on.
	work, cancel := context.WithCancelCause(d.run.ctx)
	unlink := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer unlink()
	ended := make(chan transport.Verdict, 1)
	d.detach(work, func(v transport.Verdict) {
		ended <- v
		cancel(nil)
	})
	select {
	case v := <-hand.settled:
		return v
	case v := <-ended:
		return hand.prefer(v)
	}
}

// prefer returns the verdict given by hand, or else v.
func (d *Delivery) prefer(v transport.Verdict) transport.Verdict {
	select {
	case own := <-d.settled:
		return own
	default:
		return v
	}
}

// unsettled ends a message whose handler succeeded without settling it.
func (d *delivery) unsettled(ctx context.Context) transport.Verdict {
	d.log(slog.LevelError, "handler returned without settling its message")
	d.app.stats.fail(CodeFailedPrecondition)
	return d.move(ctx, failure{code: CodeFailedPrecondition, reason: reasonNotSettled, text: "the handler did not settle its message", attempt: int64(d.made)})
}

// serveAcked runs the handler in a goroutine of the receiver and acknowledges
// at once.
func (d *delivery) serveAcked(ctx context.Context) transport.Verdict {
	if v, ok := d.enter(ctx); !ok {
		d.permit.close()
		return v
	}
	d.entered, d.acked = true, true
	d.detach(d.run.ctx, func(v transport.Verdict) {
		if v != transport.Ack {
			d.log(slog.LevelError, "message is lost: it was acknowledged first", slog.String("verdict", fmt.Sprint(v)))
		}
	})
	return transport.Ack
}
