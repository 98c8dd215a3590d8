package parley

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// receiver is a compiled subscriber: what happens to each of its messages.
type receiver struct {
	app      *App
	declared *declaration
	name     string
	settings subscriberSettings
	template topology.Template
	topology topology.Subscription
	plan     *binder.Plan
	handle   Handler
	forwards []*binding
	// ownsResults: each result is a message made for one reply and for nothing else.
	ownsResults bool
	guards
	// slots bounds the handlers that run; a message that only waits for a
	// confirm holds none.
	slots chan struct{}

	// deliveryLimit is the queue's own, 0 for none: behind it the broker would
	// drop or dead-letter the message.
	deliveryLimit int
	// detached are the handlers that outlive their delivery.
	detached sync.WaitGroup
	running  running

	run *run
	// instance names the receiver in this run, unguessed and saying nothing.
	instance string
	// begun is closed when consumer or err is set.
	begun    chan struct{}
	consumer transport.Consumer
	err      error
}

// begin consumes. It is called once, in a run.
func (r *receiver) begin(ctx context.Context, n *run) error {
	defer close(r.begun)
	r.run, r.instance = n, newCorrelationID()
	for _, m := range slices.Backward(n.around) {
		r.handle, r.ownsResults = m(r.handle), false
	}
	r.staying, r.depart = context.WithCancel(n.ctx)
	r.slots = make(chan struct{}, r.settings.concurrency)
	if r.err = r.declareWaits(ctx); r.err != nil {
		r.err = &RegistrationError{Subject: r.subject(), Err: r.err}
		return r.err
	}
	workers := r.settings.prefetch
	if r.settings.concurrency == 1 {
		workers = 1
	}
	r.consumer, r.err = n.conn.Subscribe(ctx, transport.Subscription{
		OnStatus: n.watch.of(r),
		Topology: r.topology,
		Prefetch: r.settings.prefetch,
		Workers:  workers,
		Handle:   r.serve,
	})
	if r.err != nil {
		r.err = &RegistrationError{Subject: r.subject(), Err: r.err}
	}
	return r.err
}

func (r *receiver) subject() string {
	return "subscriber " + quoted(r.template.String()) + " (" + r.declared.site + ")"
}

// serve takes one delivery through the steps of the contract, in this order:
// size, reply address, deadline, handler, forwarded results, reply, verdict.
func (r *receiver) serve(ctx context.Context, m *Message) transport.Verdict {
	d := &delivery{receiver: r, message: m}
	r.app.stats.received.Add(1)
	switch frameKind(m) {
	case stream.Open, stream.Beat, stream.End, stream.Credit, stream.Cancel:
		d.log(slog.LevelDebug, "frame without a value is dropped")
		return transport.Ack
	case stream.Error:
		if r.declared.failed == nil {
			return d.fail(ctx, streamFailed(m))
		}
	case stream.Item, stream.Request:
	}
	if err := d.admit(); err != nil {
		return d.fail(ctx, err)
	}
	if r.deliveryLimit > 0 && m.Redelivered && m.DeliveryCount >= r.deliveryLimit {
		return d.fail(ctx, errDeliveryLimit)
	}
	if v, ok := d.askCaller(ctx); !ok {
		return v
	}
	switch {
	case r.settings.failure.ackFirst:
		return d.serveAcked(ctx)
	case r.settings.failure.manual:
		return d.serveManual(ctx)
	default:
		return d.process(ctx)
	}
}

// process runs the handler, more than once if the policy says so, and decides
// about the message.
func (d *delivery) process(ctx context.Context) transport.Verdict {
	defer func() { d.writer.close() }()
	defer d.permit.close()
	for round := 1; ; round++ {
		if !d.entered {
			if v, ok := d.enter(ctx); !ok {
				return v
			}
		}
		d.entered = false
		if v, ok := d.beginStream(ctx); !ok {
			return v
		}
		d.made++
		work, release := d.permit.within(ctx)
		h := d.handling(work, d.settings.handlerTimeout)
		d.running.add(d)
		out, err := d.attempt(h)
		d.running.remove(d)
		h.end()
		release()
		<-d.slots
		d.ran(ctx, err)
		out = d.conclude(ctx, out, err)
		_, paused := d.breaker.open()
		switch {
		case d.writer.left():
			return d.readerLeft(ctx, err)
		case err != nil && d.permit.left():
			return d.calledOff(ctx, err)
		case d.writer.cause() != nil && ctx.Err() != nil:
			return d.giveBack()
		case err == nil && d.byHand != nil && d.byHand.close():
			return d.unsettled(ctx)
		case err == nil:
			return d.succeed(ctx, out)
		case paused && d.spared(err):
			return d.giveBack()
		case paused || !d.tryNow(ctx, err, round):
			return d.fail(ctx, err)
		}
	}
}

// attempt runs the middleware and the handler once. An error whose own methods
// panic, as those of a nil pointer may, has done so when it returns: nobody
// recovers from that later.
func (r *receiver) attempt(h *handling) (out *Message, err error) {
	defer func() {
		if v := recover(); v != nil {
			out, err = nil, &panicError{Value: v, Stack: debug.Stack()}
		}
	}()
	out, err = r.handle(h, h.message)
	if err != nil {
		_, _ = err.Error(), errors.Is(err, errUnheardOf)
	}
	return out, err
}

// errUnheardOf is in no chain, so that a search for it goes all the way.
var errUnheardOf = errors.New("unheard of")

// call is the innermost [Handler]: the function itself.
func (r *receiver) call(ctx context.Context, m *Message) (*Message, error) {
	var path []string
	if r.template.Parametric() {
		path, _ = r.template.Match(m.Address)
	}
	in, err := r.settings.plain(m)
	if err != nil {
		return nil, err
	}
	if r.declared.failed != nil {
		return nil, r.receiveAnswer(ctx, in, m, path)
	}
	call := r.plan.Call
	if r.plan.Streams() || r.plan.Receives() {
		call = r.stream
	}
	out, err := call(ctx, in, path)
	return returned(out, in, m), err
}

// pause is how long a message waits before it goes back to its queue when what
// it caused could not be sent: a failing broker must not be asked in a hot loop.
const pause = time.Second

// pauseThen waits and returns v, earlier when ctx ends.
func pauseThen(ctx context.Context, v transport.Verdict) transport.Verdict {
	sleep(ctx, pause)
	return v
}
