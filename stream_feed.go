package parley

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

// feed is the sending end of a client stream: it runs the iterator of a call in
// a goroutine of its own, which the call waits for. It belongs to the reader of
// the answer and sends to whom that has met.
type feed struct {
	reader *reader
	items  *binder.Sequence
	// prepare makes an item ready to be sent; exposes says that the texts of
	// errors travel.
	prepare func(*Message) error
	exposes bool
	// patience bounds the wait for the one answer behind the last item, 0 for none.
	patience time.Duration
	overdue  *time.Timer

	// ctx ends when nothing more is wanted.
	ctx    context.Context
	cancel context.CancelFunc
	// wake holds a token when there may be something to do.
	wake chan struct{}
	// done is closed when the iterator has returned, nil before it is waited for;
	// deserted when Stop has given up waiting.
	done, deserted chan struct{}
	unconfirmed    confirms

	// allowance and started are guarded by the reader's lock. started says that
	// the iterator has been called, which cannot be done again.
	allowance *stream.Allowance
	started   bool
}

var (
	// errFeedStopped ends an iterator whose items nobody wants any more.
	errFeedStopped = errors.New("nobody takes more items")
	// errFeedAborted ends a call whose iterator ended its goroutine.
	errFeedAborted = errors.New("the sequence did not return")
	errNoInbox     = errors.New("the service says no address for the items")
)

// itemError is why an item could not be sent.
type itemError struct{ err error }

func (e *itemError) Error() string { return e.err.Error() }

// newFeed returns the sending end for what out sends, nil when that is one
// value.
func newFeed(r *reader, b *binding, out *outgoing) *feed {
	if out.items == nil {
		return nil
	}
	f := &feed{
		reader: r, items: out.items, prepare: out.settings.prepareItem,
		exposes: b.app.settings.subscriber.exposeErrors,
		wake:    make(chan struct{}, 1), deserted: make(chan struct{}),
	}
	f.reset()
	return f
}

// prepareItem does with an item what is done with a message that is sent.
func (s *sendSettings) prepareItem(m *Message) error {
	if err := (&sendSettings{}).fillHeaders(m); err != nil {
		return err
	}
	m.UserID, m.ReplyTo, m.Expiration = "", "", 0
	return s.pack(m)
}

// reset forgets what a run of the handler has granted.
func (f *feed) reset() {
	f.allowance = stream.NewAllowance(&stream.Frame{CreditBytes: -1})
}

// say writes into the request that items follow, and whether one answer is
// wanted or many.
func (f *feed) say(request *stream.Frame, single bool) {
	if f == nil {
		return
	}
	request.Seq = 0
	if single {
		request.Credit, request.CreditBytes = -1, -1
	}
}

// begin is called before the request is sent, start behind it.
func (f *feed) begin(ctx context.Context) {
	if f != nil {
		f.ctx, f.cancel = context.WithCancel(ctx)
	}
}

func (f *feed) start() error {
	if f == nil {
		return nil
	}
	f.done = make(chan struct{})
	if !f.reader.streams.feeds.add(f) {
		close(f.done)
		return ErrStopped
	}
	go f.run()
	return nil
}

// stop makes the iterator's next yield return false.
func (f *feed) stop() {
	if f != nil && f.cancel != nil {
		f.cancel()
	}
}

// wait stops the iterator and returns when it has returned.
func (f *feed) wait() {
	f.stop()
	if f == nil || f.done == nil {
		return
	}
	select {
	case <-f.done:
	case <-f.deserted:
		return
	}
	if f.overdue != nil {
		f.overdue.Stop()
	}
}

// hear takes what a frame of the service grants. The reader's lock is held.
func (f *feed) hear(frame *stream.Frame) {
	if f == nil || frame.Credit < 0 || !f.allowance.Raise(frame) {
		return
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// sent is how many items have left, -1 where none are sent. The reader's lock is
// held.
func (f *feed) sent() int64 {
	if f == nil {
		return -1
	}
	return f.allowance.Sent().Items
}

// begun reports whether the iterator was called. The reader's lock is held.
func (f *feed) begun() bool { return f != nil && f.started }

// run is the goroutine.
func (f *feed) run() {
	err := errFeedAborted
	defer func() {
		f.conclude(err)
		f.reader.streams.feeds.remove(f)
		close(f.done)
	}()
	if err = f.opened(); err == nil {
		err = errFeedAborted
		err = recovered(f.pump)
	}
}

// opened waits until the service is known and takes a first item. Before that
// the iterator is not called, so that it is good for another call.
func (f *feed) opened() error {
	for {
		switch ok, known := f.ready(); {
		case f.ctx.Err() != nil:
			return errFeedStopped
		case ok && !known:
			return &itemError{errNoInbox}
		case ok:
			return nil
		}
		select {
		case <-f.wake:
		case <-f.ctx.Done():
		}
	}
}

// ready reports whether a first item may be sent, and whether there is an inbox
// to send it to: nothing else is written to.
func (f *feed) ready() (ok, known bool) {
	r := f.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	ok = f.allowance.Next() && !r.ended
	known = r.control != "" && r.streams.run.classify(r.control) == transport.ReplyWaiting
	f.started = ok && known
	return ok, known
}

// pump sends what the iterator yields.
func (f *feed) pump() error {
	for m, err := range f.items.Messages() {
		if err != nil {
			return err
		}
		if err := f.send(m); err != nil {
			return err
		}
	}
	return nil
}

// send sends an item as soon as the service has room for it.
func (f *feed) send(m *Message) error {
	if err := f.await(); err != nil {
		return err
	}
	m = m.Clone()
	if err := f.prepare(m); err != nil {
		return err
	}
	frame := stream.Of(stream.Item)
	size := len(m.Body)
	if err := f.publish(m, &frame); err != nil {
		return err
	}
	f.reader.mu.Lock()
	defer f.reader.mu.Unlock()
	f.allowance.Send(size)
	return nil
}

// await waits until an item may be sent.
func (f *feed) await() error {
	for {
		if f.ctx.Err() != nil {
			return errFeedStopped
		}
		if err := f.unconfirmed.reap(); err != nil {
			return &itemError{err}
		}
		if f.room() && f.unconfirmed.room() {
			return nil
		}
		select {
		case <-f.wake:
		case <-f.unconfirmed.oldest():
		case <-f.ctx.Done():
		}
	}
}

// room reports whether the service has room for an item.
func (f *feed) room() bool {
	f.reader.mu.Lock()
	defer f.reader.mu.Unlock()
	return f.allowance.Next()
}

// publish sends one frame, whose number is the next one, to the service.
func (f *feed) publish(m *Message, frame *stream.Frame) error {
	r := f.reader
	r.mu.Lock()
	frame.Seq = f.allowance.Sent().Items + 1
	inbox := r.control
	r.mu.Unlock()
	frame.Write(m)
	m.CorrelationID, m.Persistence = r.id, transport.Transient
	p := &transport.Publication{Message: m, Key: inbox, Mandatory: true, Reply: true, Item: frame.Kind == stream.Item}
	c, err := r.streams.run.conn.Publish(f.ctx, p)
	switch {
	case err != nil && f.ctx.Err() != nil:
		return errFeedStopped
	case err != nil && unsendable(err):
		return err
	case err != nil:
		return &itemError{err}
	}
	if err := f.unconfirmed.add(c, p); err != nil {
		return &itemError{err}
	}
	return nil
}

// conclude tells the service how the iterator ended, nil for all of it, and
// ends the call where that is no success.
func (f *feed) conclude(err error) {
	if err == nil {
		err = f.finish()
	}
	fault, broken := errors.AsType[*itemError](err)
	switch {
	case err == nil || errors.Is(err, errFeedStopped):
	case broken:
		f.reader.fail(f.reader.streams.run.orStopped(lostOr(fault.err)))
	default:
		m, frame := f.said(err).message(), stream.Of(stream.Error)
		// Who cannot be told notices the silence.
		_ = f.publish(m, &frame)
		f.reader.abandon(err)
	}
}

// finish sends the end and waits until everything is confirmed.
func (f *feed) finish() error {
	m, frame := &Message{}, stream.Of(stream.End)
	if err := f.publish(m, &frame); err != nil {
		return err
	}
	if f.patience > 0 {
		f.overdue = time.AfterFunc(f.patience, func() { f.reader.fail(f.unanswered()) })
	}
	for {
		if err := f.unconfirmed.reap(); err != nil {
			return &itemError{err}
		}
		oldest := f.unconfirmed.oldest()
		if oldest == nil {
			return nil
		}
		select {
		case <-oldest:
		case <-f.ctx.Done():
			return errFeedStopped
		}
	}
}

func (f *feed) unanswered() error {
	return &timeoutError{text: fmt.Sprintf("no answer within %v of the last item", f.patience), outcome: ErrOutcomeUnknown, own: true}
}

// lostOr says what an outcome of an item means for its stream.
func lostOr(err error) error {
	switch {
	case errors.Is(err, ErrNoRoute):
		return ErrStreamServerGone
	case errors.Is(err, ErrOutcomeUnknown):
		return ErrStreamLost
	default:
		return err
	}
}

// said reduces the error of an iterator to what may travel: what was said on
// purpose, and neutral words for the rest.
func (f *feed) said(err error) *failure {
	out := &failure{code: CodeOf(err), text: "the sender's sequence failed"}
	_, broken := errors.AsType[*panicError](err)
	_, remote := errors.AsType[*RemoteError](err)
	purpose, ok := errors.AsType[*Error](err)
	switch {
	case broken || err == errFeedAborted: //nolint:errorlint // the very value
		out.code, out.text = CodeInternal, "the sender's sequence is broken"
	case ok:
		out.code, out.text, out.details = purpose.code, purpose.message, purpose.details
	case remote:
		out.code = CodeUnknown
	}
	if f.exposes {
		out.text = err.Error()
	}
	return out
}
