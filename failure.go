package parley

import (
	"context"
	"errors"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// Reasons in an error queue that are no text of a handler.
const (
	reasonReplyUnroutable   = "reply_unroutable"
	reasonForwardUnroutable = "publish_unroutable"
	reasonForwardUnsendable = "publish_unsendable"
	reasonReplyUnsendable   = "reply_unsendable"
	reasonNotSettled        = "not_settled"
	reasonDeliveryLimit     = "delivery_limit"
)

// maxReason bounds a failure's text in bytes, so that the header frame stays
// far below the frame size that every broker accepts.
const maxReason = 1024

// failure is what the outside may know about a failed message.
type failure struct {
	code    Code
	text    string
	reason  string // in place of text, in the error queue
	details []any
	attempt int64 // how often the handler ran
}

// errDeliveryLimit ends a message that was delivered as often as its queue
// allows and never settled: most likely it kills its process.
var errDeliveryLimit = Permanent(NewError(CodeAborted, "delivered too often without being settled"))

// panicError is a recovered panic. Its text and stack stay in the log.
type panicError = binder.PanicError

// replyError is a result that no message can carry.
type replyError struct{ err error }

func (e *replyError) Error() string { return "reply: " + e.err.Error() }
func (e *replyError) Unwrap() error { return e.err }

// public reduces an error to what may leave the process: what the handler said
// on purpose, and neutral words for everything else.
func (d *delivery) public(err error) failure {
	f := classify(err, d.message.ID)
	f.attempt = int64(d.made)
	if _, unread := errors.AsType[*binder.InputError](err); unread {
		f.attempt = 0
	}
	if d.settings.exposeErrors {
		f.text = err.Error()
	}
	return f
}

// classify is public without what d knows; id is under what the log has the rest.
func classify(err error, id string) failure {
	if _, ok := errors.AsType[*panicError](err); ok {
		return failure{code: CodeInternal, text: seeLog("the handler is broken", id)}
	}
	if err == errDeliveryLimit { //nolint:errorlint // the very value
		return failure{code: CodeAborted, text: "delivered too often without being settled", reason: reasonDeliveryLimit}
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return failure{code: Code(cut(string(e.code), maxShortString)), text: e.message, details: e.details}
	}
	if e, ok := errors.AsType[*binder.InputError](err); ok {
		return failure{code: CodeInvalidArgument, text: e.Error()}
	}
	if e, ok := errors.AsType[*forwardError](err); ok {
		return e.failure(id)
	}
	if _, ok := errors.AsType[*replyError](err); ok {
		return failure{code: CodeInternal, text: seeLog("the result could not be sent", id), reason: reasonReplyUnsendable}
	}
	switch code := contextCode(err); code {
	case CodeDeadlineExceeded:
		return failure{code: code, text: seeLog("time ran out", id)}
	case CodeCanceled:
		return failure{code: code, text: seeLog("the handler was cancelled", id)}
	default:
		return failure{code: code, text: seeLog("the handler failed", id)}
	}
}

// seeLog names the message under which the log has the rest.
func seeLog(text, id string) string { return text + "; see the log of message " + id }

// fail ends an attempt to process a message. It is postponed where the policy
// has an attempt left; else a waiting parley caller is told, and the message
// ends as the policy says.
func (d *delivery) fail(ctx context.Context, err error) transport.Verdict {
	if cutOff(ctx, err) {
		// The message is not at fault.
		return d.giveBack()
	}
	if wait, ok := d.delay(err); ok && !d.settledByHand() {
		return d.postpone(ctx, wait, err)
	}
	return d.giveUp(ctx, err)
}

// giveUp tells a waiting parley caller of the last failure and ends the message.
func (d *delivery) giveUp(ctx context.Context, cause error) transport.Verdict {
	f := d.public(cause)
	d.logFailure(f, cause)
	d.app.stats.fail(f.code)
	told, err := d.tell(ctx, f)
	switch {
	case err != nil:
		return d.again(ctx, "error reply was not confirmed", err)
	case d.settledByHand():
		return transport.Ack // without effect: the handler has decided
	case told && d.marked && !d.settings.keepFailed:
		return transport.Ack
	case told && d.marked:
		return d.move(ctx, f)
	default:
		return d.finish(ctx, f)
	}
}

// tells reports whether the caller is told of a failure.
func (d *delivery) tells() bool {
	return d.message.ReplyTo != "" && (d.readsErrors() || d.writer != nil) && d.replyAllowed()
}

// readsErrors reports whether an error reply is no riddle to the caller. One
// that does not wait is told once, and not of attempts that go on for ever.
func (d *delivery) readsErrors() bool {
	return d.marked || d.settings.errorReplies || (d.insists && d.settings.failure.end != Requeue)
}

// settledByHand reports whether the handler has settled its message itself; if
// not, it cannot any more.
func (d *delivery) settledByHand() bool {
	if d.byHand == nil {
		return false
	}
	if d.byHand.close() {
		d.byHand = nil
		return false
	}
	return true
}

// finish does with a message what the policy says.
func (d *delivery) finish(ctx context.Context, f failure) transport.Verdict {
	switch d.settings.failure.end {
	case DeadLetter:
		return transport.Reject
	case Requeue:
		return pauseThen(ctx, transport.Requeue)
	case Discard:
		return transport.Ack
	default:
		return d.move(ctx, f)
	}
}

// tell sends an error reply to a caller that is to have one. told says that the
// caller has it or is gone; an error, that it may still be told.
func (d *delivery) tell(ctx context.Context, f failure) (told bool, err error) {
	if !d.tells() {
		return false, nil
	}
	err = d.answer(ctx, d.errorReply(f))
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrNoRoute):
		d.app.stats.unroutable.Add(1)
		return true, nil
	case d.expired():
		return true, nil
	case unsendable(err):
		d.log(slog.LevelError, "caller cannot be told of the failure", slog.Any("error", err))
		return false, nil
	default:
		return false, err
	}
}

func (d *delivery) logFailure(f failure, err error) {
	level := slog.LevelError
	if f.code == CodeInvalidArgument {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("code", string(f.code)), slog.Any("error", err)}
	if p, ok := errors.AsType[*panicError](err); ok {
		attrs = append(attrs, slog.String("stack", string(p.Stack)))
	}
	d.log(level, "message failed", attrs...)
}

// move puts the message into the error queue, confirmed, before it is
// acknowledged. When that fails the message stays where it was.
func (d *delivery) move(ctx context.Context, f failure) transport.Verdict {
	p := &transport.Publication{Message: d.failed(f), Key: d.topology.ErrorQueue, Mandatory: true}
	err := d.send(ctx, p)
	if errors.Is(err, ErrNotSent) && unsendable(err) {
		d.log(slog.LevelWarn, "message is moved without what no message can carry", slog.Any("error", err))
		p.Message = sendable(p.Message)
		err = d.send(ctx, p)
	}
	if err != nil {
		return d.again(ctx, "error queue did not take the message", err)
	}
	d.app.stats.moved.Add(1)
	return transport.Ack
}

// failed returns the message as it stands in the error queue.
func (d *delivery) failed(f failure) *Message {
	m := *d.message
	m.Expiration = 0
	m.Persistence = transport.Persistent
	m.UserID = ""
	if m.ID == "" {
		m.ID = newMessageID()
	}
	reason := f.reason
	if reason == "" {
		reason = f.text
	}
	headers := carried(harmless(m.Headers)).Clone()
	if headers == nil {
		headers = Headers{}
	}
	d.insist(headers)
	headers[HeaderFailureCode] = string(f.code)
	headers[HeaderFailureReason] = cut(reason, maxReason)
	headers[HeaderFailureTime] = time.Now().UTC().Format(time.RFC3339)
	headers[HeaderFailureAddress] = cut(m.Address, maxShortString)
	headers[HeaderFailureHandler] = cut(d.name, maxShortString)
	headers[HeaderFailureAttempt] = f.attempt
	if m.Exchange != "" {
		headers[HeaderFailureExchange] = cut(m.Exchange, maxShortString)
	}
	m.Headers = headers
	return &m
}

// cut shortens s to n bytes at most, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
