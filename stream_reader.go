package parley

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

// reader is the reading end of a stream.
type reader struct {
	id, address string
	explain     func(error) error
	// opening bounds the wait for the first sign of life, total the whole
	// stream, 0 is none.
	opening, total time.Duration
	restarts       bool
	items, limit   int64
	// feed sends the items of a client stream; nil without one. single says that
	// its answer is one value.
	feed   *feed
	single bool

	// streams is nil until the request is being sent.
	streams *streams
	outcome transport.Confirmation
	// sent is closed when outcome is known, and nil when that was looked at.
	sent, lost <-chan struct{}
	// late and over are the timers of opening and total; expired says that over
	// has fired.
	late, over *time.Timer
	expired    bool
	// deadline is when nobody reads any more, zero for none.
	deadline time.Time

	// wake holds a token when there is something to read.
	wake chan struct{}

	mu     sync.Mutex
	intake *stream.Intake
	buffer []*Message
	// control is the server's inbox, empty until it is known, and while another
	// run is waited for because nobody listens there any more: vacant says that.
	control string
	vacant  bool
	// peer is who listens there.
	peer   *peer
	opened bool
	// idle is how long the server may be silent, beat its own interval.
	idle, beat  time.Duration
	heard, told time.Time
	// notices counts restarts that the reader is to be told of.
	notices int
	// ended says that nothing more is taken in; final is why, nil for all of it.
	ended bool
	final error
	// closed says that the server has ended it and need not be told.
	closed bool
	// given counts what was handed out, of all runs.
	given int64

	endings endings
}

func newReader(address string, s *sendSettings) *reader {
	r := &reader{
		id: newCorrelationID(), address: address, opening: s.timeout, restarts: s.restarts,
		items: int64(cmp.Or(s.window, DefaultStreamWindow)), limit: int64(s.maxReplies),
		beat: s.beat(), wake: make(chan struct{}, 1),
	}
	r.idle = beatsToStall * r.beat
	if s.timeoutGiven {
		r.total = s.timeout
	}
	return r
}

// accept takes a frame in. It is called by one goroutine and does not block.
func (r *reader) accept(m *Message, f *stream.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	verdict, err := r.intake.Accept(f, len(m.Body))
	if err != nil {
		r.end(err)
		return
	}
	if verdict == stream.Stray {
		return
	}
	r.heard = time.Now()
	if verdict != stream.Restarted {
		if m.ReplyTo != "" {
			r.meet(m.ReplyTo, f.Beat)
		}
		r.peer.speaks(r.heard)
	}
	switch verdict {
	case stream.Next:
		r.buffer = append(r.buffer, m)
	case stream.Done:
		r.closed = true
		r.value(m)
		r.end(nil)
	case stream.Failed:
		r.closed = true
		r.end(streamFailure(m))
	case stream.Restarted:
		r.restarted(m, f)
	case stream.Alive, stream.Stray:
	}
	r.feed.hear(f)
	r.opened = true
	r.woken()
}

// answer takes an ordinary reply, which is all of the stream.
func (r *reader) answer(m *Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.opened, r.closed = true, true
	if remote := remoteError(m); remote != nil {
		r.end(remote)
		return
	}
	r.value(m)
	r.end(nil)
}

// meet learns where the server listens, and how often it gives a sign of life.
func (r *reader) meet(inbox string, beat time.Duration) {
	r.control, r.vacant, r.told = inbox, false, r.heard
	r.peer.leave()
	r.peer = r.streams.peers.meet(inbox)
	if beat > 0 {
		r.beat = beat
		r.idle = max(r.idle, beatsToStall*beat)
	}
}

// repeatable reports whether the stream may begin anew.
func (r *reader) repeatable() bool {
	return (r.restarts || r.intake.Taken().Items == 0) && !r.feed.begun()
}

// gone is told that nobody listens at inbox. The request of a server that died is
// delivered to another one: a stream that may begin anew waits for it.
func (r *reader) gone(inbox string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case inbox != r.control:
		// It was that of an earlier run.
	case r.repeatable():
		r.control, r.vacant = "", true
		if r.feed != nil {
			r.feed.reset()
		}
	default:
		r.end(ErrStreamServerGone)
	}
}

// restarted begins anew with another run of the handler, if the reader may.
func (r *reader) restarted(m *Message, f *stream.Frame) {
	if !r.repeatable() {
		r.control = m.ReplyTo
		r.end(ErrStreamRestarted)
		return
	}
	if r.intake.Taken().Items > 0 {
		r.notices++
	}
	r.buffer = nil
	r.intake.Restart(f.Run)
	if r.feed != nil {
		r.feed.reset()
	}
	r.meet(m.ReplyTo, f.Beat)
}

// end takes nothing more in.
func (r *reader) end(err error) {
	if r.ended {
		return
	}
	r.ended, r.final = true, err
	r.feed.stop()
	r.woken()
}

func (r *reader) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(err)
}

func (r *reader) woken() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// tend gives a sign of life and looks for the server's.
func (r *reader) tend(now, since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || !r.opened {
		return
	}
	if now.Sub(later(later(r.heard, r.peer.lastHeard()), since)) >= r.idle {
		reason := ErrStreamStalled
		if r.vacant {
			reason = ErrStreamServerGone
		}
		r.end(fmt.Errorf("%w: nothing came for %v", reason, r.idle))
		return
	}
	if now.Sub(r.told) >= r.beat {
		r.told = now
		r.grant()
	}
}

// grant tells the server how far it may go.
func (r *reader) grant() {
	granted := r.intake.Granted()
	f := stream.Of(stream.Credit)
	f.Credit, f.CreditBytes, f.Seq = granted.Items, granted.Bytes, r.feed.sent()
	inbox := r.control
	r.streams.tell(r.id, inbox, &f, func() { r.gone(inbox) })
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// take returns the next item. done says that there is none and will be none;
// err is then why.
func (r *reader) take() (m *Message, done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.intake.Taken().Items
	switch {
	case r.notices > 0:
		r.notices--
		return nil, true, ErrStreamRestarted
	case r.limit > 0 && taken >= r.limit:
		return nil, true, nil
	case len(r.buffer) == 0:
		return nil, r.ended, r.final
	}
	m = r.buffer[0]
	r.buffer[0] = nil
	r.buffer = r.buffer[1:]
	r.given++
	if r.intake.Take(len(m.Body)) && !r.ended && r.control != "" {
		r.told = time.Now()
		r.grant()
	}
	return m, false, nil
}

// next waits for the next item, nil at the end.
func (r *reader) next(ctx context.Context) (*Message, error) {
	for {
		if err := r.timeUp(ctx); err != nil {
			return nil, r.failed(ctx, err)
		}
		m, done, err := r.take()
		if m != nil || (done && err == nil) {
			return m, nil
		}
		if done {
			return nil, r.failed(ctx, err)
		}
		select {
		case <-r.wake:
		case <-r.sent:
			r.sent = nil
			if err := r.outcome.Err(); err != nil {
				r.fail(err)
			}
		case <-r.lost:
			r.fail(r.streams.run.orStopped(ErrStreamLost))
		case <-fires(r.late):
			r.overdue()
		case <-fires(r.over):
			r.expired = true
		case <-ctx.Done():
		case <-r.streams.run.closed:
			r.fail(ErrStopped)
		}
	}
}

// timeUp returns the end of ctx or of the whole stream's limit.
func (r *reader) timeUp(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-fires(r.over):
		r.expired = true
	default:
	}
	if r.expired {
		return &timeoutError{text: fmt.Sprintf("the stream did not end within %v", r.total), outcome: ErrOutcomeUnknown, own: true}
	}
	return nil
}

// fires returns the channel of a timer that may be missing.
func fires(t *time.Timer) <-chan time.Time {
	if t == nil {
		return nil
	}
	return t.C
}

// overdue ends a stream that nobody has answered.
func (r *reader) overdue() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.opened {
		r.end(&timeoutError{text: fmt.Sprintf("no sign of the service within %v", r.opening), outcome: ErrOutcomeUnknown, own: true})
	}
}

// goesOn reports whether the loop continues behind err.
func (r *reader) goesOn(err error) bool {
	return r.restarts && errors.Is(err, ErrStreamRestarted)
}

// failed turns the end of a stream into the error that its reader sees.
func (r *reader) failed(ctx context.Context, err error) error {
	if remote, ok := err.(*RemoteError); ok { //nolint:errorlint // the service's, not one that a sequence ended with
		return remote
	}
	switch {
	case errors.Is(err, transport.ErrClosed):
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	case errors.Is(err, ErrNoRoute) || errors.Is(err, ErrRefused) || errors.Is(err, ErrExpired) || errors.Is(err, ErrTimeout):
	case errors.Is(err, errOwnLimit) || (r.outcome == nil && errors.Is(ctx.Err(), context.DeadlineExceeded)):
		outcome := ErrNotSent
		if errors.Is(err, ErrBlocked) {
			outcome = ErrBlocked
		}
		err = &timeoutError{text: "not sent in time", outcome: outcome, own: true}
	case r.outcome == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = &timeoutError{text: "the stream did not end before the context's deadline", outcome: ErrOutcomeUnknown}
	case ctx.Err() != nil:
		err = fmt.Errorf("%w: %w", joined(context.Cause(ctx), context.Canceled), ErrOutcomeUnknown)
	default:
		err = joined(err, ErrOutcomeUnknown)
	}
	if r.explain != nil {
		err = r.explain(err)
	}
	return r.streamError(err)
}

func (r *reader) streamError(err error) error {
	if r.single {
		return &CallError{Address: r.address, CorrelationID: r.id, Err: err}
	}
	e := &StreamError{Address: r.address, CorrelationID: r.id, Err: err}
	if r.intake != nil {
		r.mu.Lock()
		e.Items = int(r.intake.Taken().Items)
		r.mu.Unlock()
	}
	return e
}

// leave forgets the stream, and tells the server unless it knows.
func (r *reader) leave() {
	if r.streams == nil {
		return
	}
	for _, t := range []*time.Timer{r.late, r.over} {
		if t != nil {
			t.Stop()
		}
	}
	r.streams.dropReader(r)
	defer r.feed.wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.intake.Release()
	r.peer.leave()
	r.peer = nil
	r.ended, r.buffer = true, nil
	if !r.closed && r.control != "" {
		r.streams.cancel(r.id, r.control, nil)
	}
}
