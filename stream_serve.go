package parley

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// checkStream returns what does not fit a handler with many results.
func (r *receiver) checkStream() error {
	if !r.plan.Streams() {
		return nil
	}
	switch {
	case len(r.settings.forwards) > 0:
		return &topology.Error{Wanted: "a single result for parley.PublishTo", Got: "a stream", Hint: "publish each value in the handler, or leave PublishTo out"}
	case r.settings.store != nil:
		return &topology.Error{Wanted: "a single result for parley.Deduplicate", Got: "a stream, which is not stored", Hint: "parley.Deduplicate(nil) ends what an outer scope has set"}
	case r.settings.noReply:
		return &topology.Error{Wanted: "a handler with at most one result for parley.NoReply", Got: "a stream", Hint: "leave parley.NoReply out"}
	}
	return nil
}

// admitStream reads what a caller says about the stream that it wants.
func (d *delivery) admitStream() error {
	if sendsItems(d.message) {
		return d.admitUpload()
	}
	if !d.plan.Streams() || d.message.ReplyTo == "" {
		return nil
	}
	f, err := stream.Parse(d.message.Headers)
	switch {
	case err != nil:
		return NewError(CodeInvalidArgument, err.Error())
	case f.Kind != "" && f.Kind != stream.Request:
		return NewError(CodeInvalidArgument, "header "+HeaderStreamFrame+": wanted request")
	case d.marked && f.Kind == "" && f.Credit < 0:
		return errStreamNotAsked
	}
	// What an ordinary message says of items that follow it means nothing.
	f.Seq = -1
	d.wanted = &f
	return nil
}

// beginStream opens the stream that the caller asked for; ok says that the
// handler may run. Otherwise v is the end of the message.
func (d *delivery) beginStream(ctx context.Context) (v transport.Verdict, ok bool) {
	if d.wanted == nil || d.writer != nil {
		return 0, true
	}
	d.writer = d.newWriter(ctx, d.wanted)
	err := d.writer.open(ctx)
	if err == nil {
		return 0, true
	}
	d.leave()
	d.conclude(ctx, nil, err)
	d.writer.close()
	switch {
	case d.writer.left():
		return d.readerLeft(ctx, nil), false
	case errors.Is(err, errStreamExists):
		d.writer = nil
		return d.fail(ctx, err), false
	case unsendable(err):
		d.writer = nil
		return d.fail(ctx, &replyError{err}), false
	default:
		return d.again(ctx, "stream could not be opened", err), false
	}
}

// stream calls the function with the items of its client, and sends what it
// yields.
func (r *receiver) stream(ctx context.Context, in *Message, path []string) (*Message, error) {
	h, ok := ctx.Value(messageKey{}).(*handling)
	if !ok {
		return nil, errForeignContext
	}
	ends := binder.Ends{Sink: nobody{}}
	if h.writer != nil {
		ends.Sink = h.writer
		if h.writer.intake != nil {
			ends.Source = h.writer.intake
		}
	}
	out, err := r.plan.CallStream(ctx, in, path, ends)
	if cause := h.writer.cause(); cause != nil {
		return nil, cause
	}
	if err == nil && h.Err() != nil && r.plan.Streams() {
		// It may have ended because its context did: that is no end of the stream.
		return nil, context.Cause(h)
	}
	return out, err
}

// nobody is the sink of a stream that nobody asked for.
type nobody struct{}

// Send drops the item.
func (nobody) Send(ctx context.Context, _ *Message) error { return ctx.Err() }

// finishStream ends a stream whose handler is through.
func (d *delivery) finishStream(ctx context.Context, result *Message) transport.Verdict {
	err := d.writer.finish(ctx, result)
	// A run whose end did not leave is no good one.
	d.last = err
	switch {
	case err == nil:
		d.app.stats.handled.Add(1)
		return transport.Ack
	case d.writer.left():
		return d.readerLeft(ctx, nil)
	case d.expired():
		return d.skip()
	default:
		return d.fail(ctx, err)
	}
}

// readerLeft ends a message whose answer nobody reads any more.
func (d *delivery) readerLeft(ctx context.Context, err error) transport.Verdict {
	d.app.stats.abandoned.Add(1)
	cause := d.writer.cause()
	if _, broken := errors.AsType[*panicError](err); broken {
		d.logFailure(failure{code: CodeInternal}, err)
	}
	d.log(slog.LevelDebug, "stream ended before its handler", errorAttr(cause), slog.Int64("items", d.writer.sent()))
	if d.class == transport.ReplyNamed && !d.writer.asked {
		d.app.stats.unroutable.Add(1)
		return d.move(ctx, failure{code: CodeUnavailable, reason: reasonReplyUnroutable, text: "no queue at the reply address", attempt: int64(d.made)})
	}
	return transport.Ack
}

// begun reports whether a reader has seen something of the stream, so that
// another run would begin from the start before its eyes, or the handler has
// seen items that do not come again.
func (d *delivery) begun() bool {
	return d.writer != nil && (d.writer.sent() > 0 || d.writer.intake.begun())
}

// frameError makes the last frame of a stream of an error reply.
func (d *delivery) frameError(m *Message) {
	if d.writer == nil {
		return
	}
	f := d.writer.frame(stream.Error)
	f.Seq = d.writer.sent() + 1
	f.Write(m)
}

// stopMargin bounds the part of the time for stopping that is kept for telling
// the readers of streams that go on.
const stopMargin = time.Second

// warnReaders cuts the streams of the receiver a little before ctx ends, so
// that their readers can be told. The result ends the watch.
func (r *receiver) warnReaders(ctx context.Context) (stop func() bool) {
	deadline, ok := ctx.Deadline()
	if !ok || r.run == nil || (!r.plan.Streams() && !r.plan.Receives()) {
		return func() bool { return true }
	}
	left := time.Until(deadline)
	return time.AfterFunc(left-min(stopMargin, left/10), func() {
		for _, w := range r.run.streams.of(r) {
			_ = w.cut(errStreamStopping)
		}
	}).Stop
}

func levelOf(err error) slog.Level {
	if errors.Is(err, ErrNoRoute) {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

func errorAttr(err error) slog.Attr { return slog.Any("error", err) }
