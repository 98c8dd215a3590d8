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
	exits    exits

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
		Exited:   r.resume,
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
	defer d.unlessDecided()
	r.app.stats.received.Add(1)
	v := d.receive(ctx)
	d.decided = true
	return v
}

func (d *delivery) receive(ctx context.Context) transport.Verdict {
	switch frameKind(d.message) {
	case stream.Open, stream.Beat, stream.End, stream.Credit, stream.Cancel:
		d.log(slog.LevelDebug, "frame without a value is dropped")
		return transport.Ack
	case stream.Error:
		if d.declared.failed == nil {
			return d.fail(ctx, streamFailed(d.message))
		}
	case stream.Item, stream.Request:
	}
	if err := d.admit(); err != nil {
		return d.fail(ctx, err)
	}
	if d.deliveryLimit > 0 && d.message.Redelivered && d.message.DeliveryCount >= d.deliveryLimit {
		return d.fail(ctx, errDeliveryLimit)
	}
	if v, ok := d.askCaller(ctx); !ok {
		return v
	}
	switch {
	case d.settings.failure.ackFirst:
		return d.serveAcked(ctx)
	case d.settings.failure.manual:
		return d.serveManual(ctx)
	default:
		return d.process(ctx)
	}
}

// process runs the handler, more than once if the policy says so, and decides
// about the message. After a run that ended its goroutine it goes on in another one.
func (d *delivery) process(ctx context.Context) transport.Verdict {
	defer d.close()
	for {
		out, err := (*Message)(nil), d.exit
		if d.exit = nil; err == nil {
			if v, ok := d.ready(ctx); !ok {
				return v
			}
			out, err = d.attempt(ctx)
		}
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
		case paused || !d.tryNow(ctx, err, d.made-d.before):
			return d.fail(ctx, err)
		}
	}
}

// close ends what the handler had, unless it may run again.
func (d *delivery) close() {
	if d.exit == nil {
		d.permit.close()
		d.writer.close()
	}
}

// ready waits until the handler may run, with a slot; ok says so. Otherwise v is
// the end of the message.
func (d *delivery) ready(ctx context.Context) (v transport.Verdict, ok bool) {
	if !d.entered {
		if v, ok := d.enter(ctx); !ok {
			return v, false
		}
	}
	d.entered = false
	return d.beginStream(ctx)
}

// attempt runs the middleware and the handler once, and gives the slot back. An
// error whose own methods panic, as those of a nil pointer may, has done so when
// it returns: nobody recovers from that later.
func (d *delivery) attempt(ctx context.Context) (out *Message, err error) {
	d.made++
	work, release := d.permit.within(ctx)
	h := d.handling(work, d.settings.handlerTimeout)
	d.running.add(d)
	returned := false
	defer func() {
		if v := recover(); v != nil {
			out, err = nil, &panicError{Value: v, Stack: debug.Stack()}
		} else if !returned {
			d.exit = &panicError{Value: binder.ErrExited, Stack: debug.Stack()}
		}
		d.running.remove(d)
		h.end()
		release()
		<-d.slots
	}()
	out, err = d.handle(h, h.message)
	if err != nil {
		_, _ = err.Error(), errors.Is(err, errUnheardOf)
	}
	returned = true
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
