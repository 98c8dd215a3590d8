package parley

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

const (
	// maxUnconfirmed and maxUnconfirmedBytes bound the items of one stream whose
	// confirms are out. One item may overshoot the bytes.
	maxUnconfirmed      = 1000
	maxUnconfirmedBytes = 8 << 20
	// maxUncredited and maxUncreditedBytes bound a stream to somebody who waits
	// and grants no credit: the broker would buffer it all for a frozen reader.
	maxUncredited      = 10_000
	maxUncreditedBytes = 16 << 20
)

// writer is the sending end of a stream: the sink of one delivery's handler.
type writer struct {
	*delivery
	id, replyTo string
	// runID names this run of the handler on the wire.
	runID string
	inbox transport.Inbox
	// asked says that the reader asked for a stream; one that did not gets items
	// and the end alone.
	asked bool
	// beat is the interval of signs of life, 0 for none; leased says that the
	// reader gives them too.
	beat   time.Duration
	leased bool
	// ctx is that of the handler; its cause says why the stream was cut.
	ctx    context.Context
	cancel context.CancelCauseFunc
	// turn is held while an item is being sent.
	turn chan struct{}
	// wake holds a token when there may be something to do for who waits.
	wake chan struct{}
	// intake takes the items of a client stream; nil without one.
	intake *intake

	mu          sync.Mutex
	allowance   *stream.Allowance
	unconfirmed confirms
	heard       time.Time
	// told is when the reader last heard of this side, zero before open has left:
	// nothing may come to it sooner.
	told time.Time
	// peer is who reads.
	peer *peer

	endings endings
}

// newWriter returns the sending end for a request f.
func (d *delivery) newWriter(ctx context.Context, f *stream.Frame) *writer {
	w := &writer{
		delivery: d, id: d.message.CorrelationID, replyTo: d.message.ReplyTo, runID: newCorrelationID(),
		asked: f.Kind == stream.Request || f.Credit >= 0,
		turn:  make(chan struct{}, 1), wake: make(chan struct{}, 1),
		allowance: stream.NewAllowance(f), heard: time.Now(),
	}
	if w.asked {
		w.leased = f.Beat > 0
		w.beat = defaultBeat
		if w.leased {
			w.beat = min(max(f.Beat, leastBeat), mostBeat)
		}
	}
	w.unconfirmed.resend = d.class == transport.ReplyNamed
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	if f.Seq >= 0 {
		w.intake = newIntake(w)
	}
	return w
}

// open tells the reader where this side listens.
func (w *writer) open(ctx context.Context) error {
	if !w.asked {
		return nil
	}
	var err error
	if w.inbox, err = w.run.streams.inbox(ctx); err != nil {
		return err
	}
	w.peer = w.run.streams.peers.meet(w.replyTo)
	if err := w.run.streams.addWriter(w); err != nil {
		return err
	}
	f := w.frame(stream.Open)
	f.Beat = w.beat
	w.intake.grant(f)
	return w.publish(ctx, f, &Message{ReplyTo: w.inbox.Address})
}

func (w *writer) frame(k stream.Kind) *stream.Frame {
	f := stream.Of(k)
	f.Run = w.runID
	return &f
}

// publish sends m as a frame to the reader. Its confirm is awaited later.
func (w *writer) publish(ctx context.Context, f *stream.Frame, m *Message) error {
	f.Write(m)
	m.CorrelationID = w.id
	if m.Persistence == transport.PersistenceUnset {
		m.Persistence = transport.Persistent
		if w.class == transport.ReplyWaiting {
			m.Persistence = transport.Transient
		}
	}
	return w.transmit(ctx, &transport.Publication{Message: m, Key: w.replyTo, Mandatory: true, Reply: true, Item: f.Kind == stream.Item})
}

func (w *writer) transmit(ctx context.Context, p *transport.Publication) error {
	c, err := w.run.conn.Publish(ctx, p)
	switch {
	case err == nil:
	case unsendable(err):
		return &replyError{err}
	case ctx.Err() != nil:
		return w.end(ctx)
	default:
		w.log(levelOf(err), "stream could not be sent", errorAttr(err))
		return w.cut(errStreamLost)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = time.Now()
	return w.cutBy(w.unconfirmed.add(c, p))
}

// Send takes an item: see [binder.Sink]. It may be called concurrently.
func (w *writer) Send(ctx context.Context, m *Message) error {
	select {
	case w.turn <- struct{}{}:
	case <-ctx.Done():
		return w.end(ctx)
	case <-w.ctx.Done():
		return w.end(w.ctx)
	}
	defer func() { <-w.turn }()
	if err := w.await(ctx); err != nil {
		return err
	}
	m = w.derived(m)
	m.Headers = m.Headers.Clone()
	f := w.frame(stream.Item)
	f.Seq = w.sent() + 1
	size := len(m.Body)
	if err := w.publish(ctx, f, m); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowance.Send(size)
	return nil
}

// sent is how many items have left.
func (w *writer) sent() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.allowance.Sent().Items
}

// await waits until an item may be sent.
func (w *writer) await(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return w.end(ctx)
		}
		if w.ctx.Err() != nil {
			return w.end(w.ctx)
		}
		ready, confirmed, again, err := w.ready()
		switch {
		case err != nil:
			return err
		case len(again) > 0:
			if err := w.resend(ctx, again); err != nil {
				return err
			}
			continue
		case ready:
			return nil
		}
		select {
		case <-w.wake:
		case <-confirmed:
		case <-ctx.Done():
		case <-w.ctx.Done():
		}
	}
}

// ready reports whether an item may be sent now, else what may change that,
// and what must be sent again first.
func (w *writer) ready() (ok bool, confirmed <-chan struct{}, again []*transport.Publication, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.cutBy(w.unconfirmed.reap()); err != nil {
		return false, nil, nil, err
	}
	if again = w.unconfirmed.refused(); len(again) > 0 {
		return false, nil, again, nil
	}
	sent := w.allowance.Sent()
	if w.allowance.Unlimited && w.class == transport.ReplyWaiting && (sent.Items >= maxUncredited || sent.Bytes >= maxUncreditedBytes) {
		return false, nil, nil, w.cutBy(errStreamUnbounded)
	}
	return w.allowance.Next() && w.unconfirmed.room(), w.unconfirmed.oldest(), nil, nil
}

// resend sends once more what a full queue refused, after a pause.
func (w *writer) resend(ctx context.Context, refused []*transport.Publication) error {
	if !sleep(ctx, resendPause) {
		return w.end(ctx)
	}
	for _, p := range refused {
		if err := w.transmit(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// finish sends the end, with the result where there is one, and waits until
// everything is confirmed.
func (w *writer) finish(ctx context.Context, result *Message) error {
	f := w.frame(stream.End)
	f.Seq = w.sent() + 1
	if err := w.publish(ctx, f, w.last(result)); err != nil {
		return err
	}
	for {
		w.mu.Lock()
		err := w.cutBy(w.unconfirmed.reap())
		again, oldest := w.unconfirmed.refused(), w.unconfirmed.oldest()
		w.mu.Unlock()
		switch {
		case err != nil:
			return err
		case len(again) > 0:
			if err := w.resend(ctx, again); err != nil {
				return err
			}
			continue
		case oldest == nil:
			return nil
		}
		select {
		case <-oldest:
		case <-w.ctx.Done():
			return w.end(w.ctx)
		case <-ctx.Done():
			return w.end(ctx)
		}
	}
}

// hear takes a control frame.
func (w *writer) hear(f *stream.Frame) {
	if f.Kind == stream.Cancel {
		_ = w.cut(errStreamCancelled)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = time.Now()
	w.peer.speaks(w.heard)
	w.intake.reached(f)
	if w.allowance.Raise(f) {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// tend gives a sign of life and looks for the reader's.
func (w *writer) tend(now, since time.Time) {
	select {
	case <-w.inbox.Lost:
		_ = w.cut(errStreamLost)
		return
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cutBy(w.unconfirmed.reap()) != nil {
		return
	}
	if w.leased && now.Sub(later(later(w.heard, w.peer.lastHeard()), since)) >= beatsToStall*w.beat {
		_ = w.cutBy(errStreamSilent)
		return
	}
	if w.told.IsZero() || now.Sub(w.told) < w.beat {
		return
	}
	w.told = now
	f := w.frame(stream.Beat)
	f.Seq = w.allowance.Sent().Items
	w.intake.grant(f)
	w.run.streams.tell(w.id, w.replyTo, f, func() { _ = w.cut(errStreamGone) })
}

// cut ends the stream and the handler's context, and returns why: the first
// reason counts.
func (w *writer) cut(why error) error {
	w.cancel(why)
	return context.Cause(w.ctx)
}

// cutBy cuts the stream unless err is nil.
func (w *writer) cutBy(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNoRoute):
		return w.cut(errStreamGone)
	case errors.Is(err, ErrOutcomeUnknown):
		return w.cut(errStreamLost)
	default:
		return w.cut(err)
	}
}

// end is why an item was not sent when ctx has ended.
func (w *writer) end(ctx context.Context) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return context.Cause(ctx)
}

// cause is why the stream was cut, nil when it was not.
func (w *writer) cause() error {
	if w == nil || w.ctx.Err() == nil {
		return nil
	}
	return context.Cause(w.ctx)
}

// left reports whether nobody reads any more.
func (w *writer) left() bool {
	e, ok := w.cause().(*Error) //nolint:errorlint // the very value
	return ok && e.code == CodeCanceled
}

// why is how the stream has ended, nil for all of it.
func (w *writer) why() error {
	if cause := w.cause(); cause != nil {
		return cause
	}
	return w.delivery.last
}

// close forgets the stream.
func (w *writer) close() {
	if w == nil {
		return
	}
	w.run.streams.dropWriter(w)
	w.mu.Lock()
	gone := w.peer
	w.peer = nil
	w.mu.Unlock()
	gone.leave()
	w.intake.release()
	w.endings.tell(w.why())
	w.cancel(nil)
}

// frameKind is what a message is to a subscriber of an ordinary queue, to which
// a stream may go, see [ReplyTo]: empty for no frame.
func frameKind(m *Message) stream.Kind {
	v, ok := m.Headers[HeaderStreamFrame]
	if !ok {
		return ""
	}
	kind, _ := v.(string)
	return stream.Kind(kind)
}
