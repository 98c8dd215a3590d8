package parley

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path"
	"strings"
	"time"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// delivery is one message in the hands of a receiver.
type delivery struct {
	*receiver
	caller
	message *Message
	// made counts the runs of the handler, those of earlier deliveries included.
	made int
	// before counts those of earlier deliveries alone.
	before int
	// round counts the delayed attempts so far.
	round int
	// entered says that enter was passed before process.
	entered bool
	// probe says that the run is the probe of a kill switch.
	probe bool
	// acked says that the message is acknowledged already.
	acked bool
	// claimed says that the run has a claim in the store, of that token.
	claimed bool
	token   string
	// renewing keeps the claim alive; nil when it needs no such thing.
	renewing *renewal
	// decided says that there is a verdict; exit is the end of a run that ended
	// its goroutine in place of returning, nil when that is dealt with.
	decided bool
	exit    error
	// last is how the last run failed.
	last error
	// byHand settles the message in the handler's hands; nil without [Manual].
	byHand *Delivery
	// wanted is what the caller says about the stream that it wants, nil for none.
	wanted *stream.Frame
	// writer is the stream, once it is open.
	writer *writer
	// permit is the caller's leave to run the handler; nil for one that was not asked.
	permit *permit
}

// admit does what comes before the handler: headers that the transport could not
// hand on, the size limit, the reply address, the deadline's form.
func (d *delivery) admit() error {
	m := d.message
	if m.ReplyTo != "" {
		d.class = d.run.classify(m.ReplyTo)
		_, d.insists = m.Headers[HeaderAnswer]
	}
	malformed := d.readDeadline(m.Received)
	d.readRetry()
	if err := unreadableHeaders(m); err != nil {
		return err
	}
	if n := len(m.Body); n > d.settings.maxBody {
		return NewError(CodeInvalidArgument, fmt.Sprintf("body of %d bytes is over the limit of %d", n, d.settings.maxBody))
	}
	if m.ReplyTo != "" && !d.replyAllowed() {
		d.app.stats.refusedReplyTo.Add(1)
		return errReplyForbidden
	}
	if malformed != nil {
		return malformed
	}
	return d.admitStream()
}

// unreadableHeaders is the error of a message whose headers did not all arrive:
// a handler must not take it for a message that never had them.
func unreadableHeaders(m *Message) error {
	if _, removed := m.Headers[HeaderRemoved]; !removed {
		return nil
	}
	return NewError(CodeInvalidArgument, "headers that no client accepts: "+cut(m.Header(HeaderRemoved), maxReason/2))
}

var errReplyForbidden = NewError(CodePermissionDenied, "the reply address is not allowed")

func (d *delivery) replyAllowed() bool { return d.settings.allows(d.message.ReplyTo, d.class) }

// allows decides about a reply address: the service would publish to it with
// its own rights.
func (s *subscriberSettings) allows(replyTo string, class transport.ReplyClass) bool {
	if class == transport.ReplyWaiting {
		return true
	}
	if !s.replyPatternSet {
		// Some peers name an exchange behind a bar: none is taken from a message.
		return class == transport.ReplyNamed && !topology.IsOwned(replyTo) && !strings.Contains(replyTo, "|")
	}
	for _, p := range s.replyPatterns {
		if ok, err := path.Match(p, replyTo); ok && err == nil {
			return true
		}
	}
	return false
}

// readDeadline takes the caller's remaining time. It is relative, so clocks do
// not matter; it comes from the sender, so its form is checked.
func (d *delivery) readDeadline(received time.Time) error {
	m := d.message
	if m.ReplyTo == "" {
		return nil
	}
	v, present := m.Headers[HeaderDeadline]
	if !present {
		if m.Expiration > 0 {
			d.deadline = received.Add(m.Expiration)
		}
		return nil
	}
	ms, ok := count(v)
	if !ok {
		return NewError(CodeInvalidArgument, "header "+HeaderDeadline+": wanted milliseconds, 0 or more")
	}
	d.marked = true
	if ms > 0 {
		d.deadline = received.Add(time.Duration(ms) * time.Millisecond)
	}
	return nil
}

// maxCount bounds a received count, of milliseconds too: what a time.Duration
// holds.
const maxCount = math.MaxInt64 / int64(time.Millisecond)

// count reads a count that came over the wire.
func count(v any) (int64, bool) { return transport.Count(v, maxCount) }

// waiting reports whether somebody waits for an answer now.
func (d *delivery) waiting() bool {
	return d.message.ReplyTo != "" && (d.marked || d.class == transport.ReplyWaiting)
}

func (d *delivery) expired() bool {
	return !d.deadline.IsZero() && !time.Now().Before(d.deadline)
}

// handling returns the context of a handler: it ends with the caller's deadline
// or after limit, whichever is earlier; a limit of 0 is none.
func (d *delivery) handling(ctx context.Context, limit time.Duration) *handling {
	h := &handling{
		lazyDeadline: lazyDeadline{Context: ctx, deadline: d.deadline},
		message:      d.message, serving: d, app: d.app, waiting: d.waiting(), delivery: d.byHand, writer: d.writer,
		attempt: Attempt{Number: d.made, InDelivery: d.made - d.before},
	}
	if d.writer != nil {
		h.Context = d.writer.ctx
	}
	if limit > 0 {
		if end := time.Now().Add(limit); h.deadline.IsZero() || end.Before(h.deadline) {
			h.deadline = end
		}
	}
	return h
}

// skip settles an expired request: its caller has been told by its own clock.
func (d *delivery) skip() transport.Verdict {
	d.app.stats.expired.Add(1)
	d.log(slog.LevelWarn, "request expired before it was handled")
	return transport.Ack
}

// giveBack returns the message to its queue untouched.
func (d *delivery) giveBack() transport.Verdict {
	d.app.stats.returned.Add(1)
	return transport.Return
}

// succeed sends the result where it belongs and acknowledges.
func (d *delivery) succeed(ctx context.Context, out *Message) transport.Verdict {
	if err := d.forward(ctx, out); err != nil {
		d.last = err
		return d.forwardFailed(ctx, err)
	}
	if d.writer != nil {
		return d.finishStream(ctx, out)
	}
	if d.wantsReply(out) {
		if err := d.answer(ctx, d.reply(out)); err != nil {
			return d.replyFailed(ctx, err)
		}
	}
	d.app.stats.handled.Add(1)
	return transport.Ack
}

// wantsReply: results that are not nil go to whoever is named; somebody who
// waits or says so always gets an answer, now or later.
func (d *delivery) wantsReply(out *Message) bool {
	if d.message.ReplyTo == "" || d.permit.left() {
		return false
	}
	if out == nil && d.plan.Promises() {
		return false
	}
	return d.waiting() || d.insists || (out != nil && !d.settings.noReply)
}

// replyFailed decides about a message whose reply did not arrive.
func (d *delivery) replyFailed(ctx context.Context, err error) transport.Verdict {
	switch {
	case d.expired():
		d.app.stats.expired.Add(1)
		d.log(slog.LevelWarn, "request expired before its reply was sent", slog.Any("error", err))
		return transport.Ack
	case unsendable(err):
		return d.fail(ctx, &replyError{err})
	case !errors.Is(err, ErrNoRoute):
		return d.again(ctx, "reply was not confirmed", err)
	case d.waiting():
		d.app.stats.unroutable.Add(1)
		d.log(slog.LevelWarn, "nobody is at the reply address")
		return transport.Ack
	default:
		d.app.stats.unroutable.Add(1)
		return d.move(ctx, failure{code: CodeUnavailable, reason: reasonReplyUnroutable, text: "no queue at the reply address", attempt: int64(d.made)})
	}
}

// unsendable reports that no attempt will get a message to the broker as it is.
func unsendable(err error) bool {
	_, ok := errors.AsType[*transport.PermanentError](err)
	return ok
}

// again gives the message back after a pause: the handler will run again.
func (d *delivery) again(ctx context.Context, what string, err error) transport.Verdict {
	d.log(slog.LevelError, what+"; the message will be handled again", slog.Any("error", err))
	return pauseThen(ctx, d.giveBack())
}

// answer sends a reply. Nobody waits longer than the caller's deadline to get
// it under way.
func (d *delivery) answer(ctx context.Context, p *transport.Publication) error {
	caller := &lazyDeadline{Context: ctx, deadline: d.deadline}
	defer caller.end()
	c, err := d.run.conn.Publish(caller, p)
	if err != nil {
		return err
	}
	return transport.Wait(ctx, c)
}

// send publishes and waits for the confirm.
func (d *delivery) send(ctx context.Context, p *transport.Publication) error {
	c, err := d.run.conn.Publish(ctx, p)
	if err != nil {
		return err
	}
	return transport.Wait(ctx, c)
}

func (d *delivery) log(level slog.Level, what string, attrs ...slog.Attr) {
	d.app.settings.logger.LogAttrs(context.Background(), level, "parley: "+what, append([]slog.Attr{
		slog.String("address", d.template.String()),
		slog.String("handler", d.name),
		slog.String("message_id", d.message.ID),
		slog.String("correlation_id", d.message.CorrelationID),
	}, attrs...)...)
}
