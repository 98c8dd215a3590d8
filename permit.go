package parley

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

// permit is the leave to run a request that can be called off, seen by who
// handles it.
type permit struct {
	*delivery
	id, runID string
	inbox     transport.Inbox
	beat      time.Duration
	// leased says that the caller gives signs of life.
	leased bool
	// granted is closed when the handler may run.
	granted chan struct{}
	grant   func()
	// life ends when the request is called off; its cause says why.
	life context.Context
	end  context.CancelCauseFunc

	mu    sync.Mutex
	heard time.Time
	// told is when the caller last heard of this side, zero before open has left.
	told time.Time
}

// patienceForLeave bounds the wait for a caller's leave, in which a message takes
// one of the prefetched: also of one that promises no signs of life.
const patienceForLeave = beatsToStall * defaultBeat

// errLeaving ends the wait for a permit: the subscriber stops.
var errLeaving = errors.New("the subscriber stops")

// announced returns the frame by which a caller asks to be asked, nil for none.
func (d *delivery) announced() *stream.Frame {
	m := d.message
	if _, frame := m.Headers[HeaderStreamFrame]; !frame || !d.marked || d.plan.Streams() || d.class != transport.ReplyWaiting || m.CorrelationID == "" {
		return nil
	}
	f, err := stream.Parse(m.Headers)
	if err != nil || f.Kind != stream.Request || f.Credit != 0 {
		return nil
	}
	return &f
}

// askCaller waits for the leave of a caller that wants to be asked; ok says that the
// message goes on. Otherwise v is its end.
func (d *delivery) askCaller(ctx context.Context) (v transport.Verdict, ok bool) {
	f := d.announced()
	if f == nil {
		return 0, true
	}
	inbox, err := d.run.streams.inbox(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return d.giveBack(), false
	case err != nil:
		d.log(slog.LevelWarn, "request runs without being cancellable: the service has no inbox", errorAttr(err))
		return 0, true
	}
	d.permit = d.newPermit(f, inbox)
	if err = d.permit.await(ctx); err == nil {
		return 0, true
	}
	defer d.permit.close()
	switch {
	case d.permit.left():
		return d.calledOff(ctx, nil), false
	case errors.Is(err, ErrExpired):
		return d.skip(), false
	case ctx.Err() != nil || errors.Is(err, errLeaving):
		return d.notNow(ctx, leavePause), false
	default:
		return d.again(ctx, "caller could not be asked", err), false
	}
}

func (d *delivery) newPermit(f *stream.Frame, inbox transport.Inbox) *permit {
	granted, now := make(chan struct{}), time.Now()
	p := &permit{
		delivery: d, id: d.message.CorrelationID, runID: newCorrelationID(), inbox: inbox,
		beat: defaultBeat, leased: f.Beat > 0, granted: granted, grant: sync.OnceFunc(func() { close(granted) }),
		heard: now,
	}
	if p.leased {
		p.beat = min(max(f.Beat, leastBeat), mostBeat)
	}
	p.life, p.end = context.WithCancelCause(context.Background())
	return p
}

// await tells the caller where this side listens, and waits for its leave.
func (p *permit) await(ctx context.Context) error {
	p.run.cancellations.addPermit(p)
	c, err := p.run.conn.Publish(ctx, p.open())
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.told = time.Now()
	p.mu.Unlock()
	var expires <-chan time.Time
	if !p.deadline.IsZero() {
		timer := time.NewTimer(time.Until(p.deadline))
		defer timer.Stop()
		expires = timer.C
	}
	confirmed := c.Done()
	for {
		select {
		case <-p.granted:
			return nil
		case <-confirmed:
			confirmed = nil
			switch err := c.Err(); {
			case errors.Is(err, ErrNoRoute):
				p.end(errCallerGone)
			case err != nil:
				return err
			}
		case <-p.life.Done():
			return context.Cause(p.life)
		case <-expires:
			return ErrExpired
		case <-p.staying.Done():
			return errLeaving
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// open is the frame that asks for leave.
func (p *permit) open() *transport.Publication {
	f := stream.Of(stream.Open)
	f.Run, f.Beat = p.runID, p.beat
	m := &Message{CorrelationID: p.id, ReplyTo: p.inbox.Address, Persistence: transport.Transient, Headers: Headers{HeaderInstance: p.instance}}
	f.Write(m)
	return &transport.Publication{Message: m, Key: p.message.ReplyTo, Mandatory: true, Reply: true}
}

// hear takes a control frame.
func (p *permit) hear(f *stream.Frame) {
	if f.Kind == stream.Cancel {
		p.end(errCallerLeft)
		return
	}
	p.mu.Lock()
	p.heard = time.Now()
	p.mu.Unlock()
	if f.Credit > 0 {
		p.grant()
	}
}

// tend gives a sign of life and looks for the caller's.
func (p *permit) tend(now, since time.Time) {
	select {
	case <-p.inbox.Lost:
		// The caller cannot be heard any more: no reason to stop.
		p.run.cancellations.dropPermit(p)
		return
	default:
	}
	p.mu.Lock()
	silent := p.silent(now.Sub(later(p.heard, since)))
	due := !p.told.IsZero() && now.Sub(p.told) >= p.beat
	if due {
		p.told = now
	}
	p.mu.Unlock()
	switch {
	case silent:
		p.end(errCallerSilent)
	case due:
		f := stream.Of(stream.Beat)
		f.Run, f.Seq = p.runID, 0
		p.run.streams.tell(p.id, p.message.ReplyTo, &f, func() { p.end(errCallerGone) })
	}
}

// silent reports whether nothing was heard for too long.
func (p *permit) silent(since time.Duration) bool {
	select {
	case <-p.granted:
		return p.leased && since >= beatsToStall*p.beat
	default:
		return since >= patienceForLeave
	}
}

// within returns a context that ends with ctx or when the request is called off,
// whichever is earlier. release is called when nobody needs it.
func (p *permit) within(ctx context.Context) (bounded context.Context, release func()) {
	if p == nil {
		return ctx, nothing
	}
	bounded, cancel := context.WithCancelCause(ctx)
	unlink := context.AfterFunc(p.life, func() { cancel(context.Cause(p.life)) })
	return bounded, func() {
		unlink()
		cancel(nil)
	}
}

func nothing() {}

// left reports whether the request was called off.
func (p *permit) left() bool { return p != nil && p.life.Err() != nil }

// close forgets the request.
func (p *permit) close() {
	if p != nil {
		p.run.cancellations.dropPermit(p)
	}
}

// calledOff ends a message whose caller does not wait any more. err is how its
// handler ended, nil when it did not run.
func (d *delivery) calledOff(ctx context.Context, err error) transport.Verdict {
	d.app.stats.cancelled.Add(1)
	if _, broken := errors.AsType[*panicError](err); broken {
		d.logFailure(failure{code: CodeInternal}, err)
	}
	cause := context.Cause(d.permit.life)
	d.log(slog.LevelInfo, "request was called off", errorAttr(cause), slog.Bool("ran", err != nil))
	if cause == errCallerSilent { //nolint:errorlint // the very value
		// It may wait all the same, behind a connection that the broker blocks.
		_ = d.answer(ctx, d.errorReply(failure{code: CodeUnavailable, text: "the caller was not heard in time"}))
	}
	return transport.Ack
}
