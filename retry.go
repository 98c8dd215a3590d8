package parley

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

const (
	// firstPause and longestPause bound the pauses between immediate attempts.
	firstPause   = 20 * time.Millisecond
	longestPause = time.Second
	// longestDelay bounds a delayed retry.
	longestDelay = 7 * 24 * time.Hour
)

// Permanent marks an error that another attempt cannot cure: it is not retried.
// Its code and text are those of err. Of nil it is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// RetryAfter asks that the message be tried again after d in place of the next
// immediate attempt or delay of [Retry]; it counts as one of the delayed
// attempts, and without one left it changes nothing. d is rounded up by at most
// a tenth, so that similar delays share a queue. Of nil it is nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &retryAfterError{err, d}
}

type retryAfterError struct {
	err error
	d   time.Duration
}

func (e *retryAfterError) Error() string { return e.err.Error() }
func (e *retryAfterError) Unwrap() error { return e.err }

// curable reports whether another attempt may help. Of what another service
// answered it may: that speaks of the handler's request, not of its message.
func curable(err error) bool {
	if _, ok := errors.AsType[*permanentError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*binder.InputError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*replyError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*panicError](err); ok {
		return true
	}
	var code Code
	if e, ok := errors.AsType[*Error](err); ok {
		code = e.code
	}
	switch code {
	case CodeInvalidArgument, CodeNotFound, CodeAlreadyExists, CodePermissionDenied, CodeUnauthenticated,
		CodeFailedPrecondition, CodeOutOfRange, CodeUnimplemented, CodeCanceled:
		return false
	default:
		return true
	}
}

// tryNow reports whether the handler is run once more at once, after it failed
// for the n-th time in this round, and waits until then.
func (d *delivery) tryNow(ctx context.Context, err error, n int) bool {
	if _, asked := errors.AsType[*retryAfterError](err); asked || n > d.settings.failure.immediate || !curable(err) || d.begun() {
		return false
	}
	wait := min(firstPause<<min(n-1, 10), longestPause)
	wait = wait/2 + rand.N(wait) //nolint:gosec // jitter is no secret
	if !d.fits(wait) {
		return false
	}
	d.log(slog.LevelWarn, "message failed and is tried again", slog.Duration("after", wait), slog.Any("error", err))
	return sleep(ctx, wait)
}

// fits reports whether the caller still waits after d.
func (d *delivery) fits(wait time.Duration) bool {
	return d.deadline.IsZero() || time.Until(d.deadline) > wait
}

// readRetry takes up what an earlier attempt wrote into the message. It comes
// over the wire, so the count is bounded by what the policy can have made. What
// did not come straight to the queue has not waited for a retry: who may send to
// an exchange only, and perhaps under some keys only, cannot claim another one.
func (d *delivery) readRetry() {
	m := d.message
	v, retried := m.Headers[HeaderRetry]
	if !retried || m.Exchange != "" || m.Address != d.topology.Queue.Name {
		return
	}
	policy := &d.settings.failure
	d.round = bounded(m.Headers[HeaderRetryRound], len(policy.delays))
	d.made = bounded(v, d.round*policy.perRound())
	d.before = d.made
	m.Address = first(m.Header(HeaderRetryAddress), m.Address)
	m.Exchange = m.Header(HeaderRetryExchange)
	if ms, ok := count(m.Headers[HeaderRetryExpiration]); ok && ms > 0 && m.ReplyTo != "" && !d.marked {
		m.Expiration = time.Duration(ms) * time.Millisecond
		d.deadline = m.Received.Add(m.Expiration)
	}
}

// bounded reads a count from 0 to most.
func bounded(v any, most int) int {
	n, ok := count(v)
	if !ok {
		return 0
	}
	return int(min(n, int64(most)))
}

// delay returns how long the message waits for its next round, false when
// there is none.
func (d *delivery) delay(err error) (time.Duration, bool) {
	policy := &d.settings.failure
	if d.made == 0 || d.round >= len(policy.delays) || !curable(err) || d.begun() || (d.writer != nil && d.writer.asked) {
		return 0, false
	}
	wait := policy.delays[d.round]
	if asked, ok := errors.AsType[*retryAfterError](err); ok {
		wait = coarse(asked.d)
	}
	return wait, d.fits(wait)
}

// coarse rounds up to two significant digits of a millisecond count.
func coarse(d time.Duration) time.Duration {
	ms := max(1, int64(math.Ceil(float64(min(d, longestDelay))/float64(time.Millisecond))))
	step := int64(1)
	for ms/step >= 100 {
		step *= 10
	}
	return time.Duration((ms+step-1)/step*step) * time.Millisecond
}

// postpone gives the message to the wait queue of a delay, confirmed, and then
// acknowledges it.
func (d *delivery) postpone(ctx context.Context, wait time.Duration, err error) transport.Verdict {
	queue := topology.WaitQueue(d.topology.Queue.Name, wait)
	p := &transport.Publication{Message: d.postponed(wait), Key: queue.Name, Mandatory: true}
	sendErr := d.sendTo(ctx, queue, p)
	switch {
	case errors.Is(sendErr, ErrNotSent) && unsendable(sendErr):
		// Its headers and the count of its attempts do not fit into one message.
		d.log(slog.LevelWarn, "message has no room for another attempt", slog.Any("error", sendErr))
		return d.giveUp(ctx, err)
	case sendErr != nil:
		return d.again(ctx, "wait queue did not take the message", sendErr)
	}
	d.app.stats.retried.Add(1)
	d.log(slog.LevelWarn, "message failed and waits for another attempt", slog.Duration("after", wait), slog.Int("attempts", d.made), slog.Any("error", err))
	return transport.Ack
}

// postponed returns the message as it stands in a wait queue: itself, with the
// attempts so far, its original destination, and the time that its caller will
// still have.
func (d *delivery) postponed(wait time.Duration) *Message {
	m := *d.message
	m.Expiration = 0
	m.UserID = ""
	if m.ID == "" {
		m.ID = newMessageID()
	}
	headers := harmless(m.Headers).Clone()
	if headers == nil {
		headers = Headers{}
	}
	headers[HeaderRetry] = int64(d.made)
	headers[HeaderRetryRound] = int64(d.round + 1)
	headers[HeaderRetryAddress] = m.Address
	if m.Exchange != "" {
		headers[HeaderRetryExchange] = m.Exchange
	}
	d.insist(headers)
	left := int64(0)
	if !d.deadline.IsZero() {
		left = max(1, (time.Until(d.deadline) - wait).Milliseconds())
	}
	switch {
	case !d.marked && left > 0:
		headers[HeaderRetryExpiration] = left
	case d.marked:
		headers[HeaderDeadline] = left
		if _, gathered := m.Headers[HeaderGather]; gathered {
			headers[HeaderGather] = true
		}
		if d.announced() != nil {
			announce(&Message{Headers: headers})
		}
	}
	m.Headers = headers
	return &m
}

// sleep waits, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
