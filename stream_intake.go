package parley

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

// Why the items of a client stream end, besides the causes of its context.
var (
	errUploadNotTaken = NewError(CodeUnimplemented, "the handler takes one value, not a stream of them; hint: send a value")
	errUploadNoInbox  = NewError(CodeInvalidArgument, "a stream of items needs a reply address at which its sender waits")
	errUploadNotZero  = NewError(CodeInvalidArgument, "header "+HeaderStreamSeq+" of a request: wanted 0, for items that follow")
	errUploadFailed   = NewError(CodeCanceled, "the sender of the stream has ended it with an error")
)

// intake is the receiving end of a client stream: the source of one delivery's
// handler. It ends with its writer, whose lock guards it.
type intake struct {
	writer *writer
	// wake holds a token when there is something to read.
	wake chan struct{}

	account *stream.Intake
	buffer  []*Message
	// ended says that nothing more is taken in; final is why, nil for all of it.
	ended bool
	final error
}

func newIntake(w *writer) *intake {
	return &intake{
		writer: w, wake: make(chan struct{}, 1),
		account: stream.NewIntake(DefaultStreamWindow, 0, &w.run.streams.budget),
	}
}

// sendsItems reports whether a message is the request of a client stream: its
// items follow.
func sendsItems(m *Message) bool {
	_, numbered := m.Headers[HeaderStreamSeq]
	return numbered && frameKind(m) == stream.Request
}

// admitUpload reads what the client says about the stream that it sends.
func (d *delivery) admitUpload() error {
	f, err := stream.Parse(d.message.Headers)
	switch {
	case err != nil:
		return NewError(CodeInvalidArgument, err.Error())
	case f.Seq != 0:
		return errUploadNotZero
	case d.message.ReplyTo == "" || d.class != transport.ReplyWaiting:
		return errUploadNoInbox
	case !d.plan.Receives():
		return errUploadNotTaken
	case d.plan.Streams() && f.Credit < 0:
		return errStreamNotAsked
	}
	d.wanted = &f
	return nil
}

// accept takes a frame of the client in. It is called by one goroutine and does
// not block. malformed is what is wrong with the frame itself.
func (i *intake) accept(m *Message, f *stream.Frame, malformed error) {
	w := i.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = time.Now()
	w.peer.speaks(w.heard)
	if i.ended {
		return
	}
	verdict, err := i.account.Accept(f, len(m.Body))
	if malformed != nil {
		err = errors.Join(ErrStreamGap, malformed)
	}
	switch {
	case err != nil:
		i.end(faulty(err))
	case verdict == stream.Next:
		i.buffer = append(i.buffer, m)
		i.woken()
	case verdict == stream.Done:
		i.end(nil)
	case verdict == stream.Failed:
		i.end(streamFailure(m))
	}
}

// faulty is how a handler and its client see that items are missing. No further
// attempt brings them back.
func faulty(err error) error {
	code := CodeDataLoss
	if errors.Is(err, ErrStreamOverflow) {
		code = CodeResourceExhausted
	}
	return Permanent(NewError(code, "stream of items: "+err.Error()).WithCause(err))
}

// end takes nothing more in.
func (i *intake) end(err error) {
	i.ended, i.final = true, err
	i.woken()
}

func (i *intake) woken() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// Next waits for the next item: see [binder.Source].
func (i *intake) Next(ctx context.Context) (*Message, error) {
	for {
		if ctx.Err() != nil || i.writer.ctx.Err() != nil {
			return nil, i.writer.end(ctx)
		}
		m, done, err := i.take()
		switch {
		case done:
			return nil, err
		case m != nil:
			return i.fit(m)
		}
		select {
		case <-i.wake:
		case <-ctx.Done():
		case <-i.writer.ctx.Done():
		}
	}
}

// take returns the next item, nil when there is none yet. done says that there
// will be none; err is then why. What came before an error is handed out before it.
func (i *intake) take() (m *Message, done bool, err error) {
	w := i.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(i.buffer) == 0 {
		if _, failed := i.final.(*RemoteError); failed { //nolint:errorlint // its own value
			// Who says so waits for no answer.
			_ = w.cut(errUploadFailed)
		}
		return nil, i.ended, i.final
	}
	m = i.buffer[0]
	i.buffer[0] = nil
	i.buffer = i.buffer[1:]
	if i.account.Take(len(m.Body)) && !i.ended {
		f := w.frame(stream.Credit)
		i.grant(f)
		w.run.streams.tell(w.id, w.replyTo, f, func() { _ = w.cut(errStreamGone) })
	}
	return m, false, nil
}

// fit does with an item what is done with a message before its handler runs.
func (i *intake) fit(m *Message) (*Message, error) {
	s := &i.writer.settings
	if n := len(m.Body); n > s.maxBody {
		return nil, NewError(CodeInvalidArgument, fmt.Sprintf("item of %d bytes is over the limit of %d", n, s.maxBody))
	}
	if err := unreadableHeaders(m); err != nil {
		return nil, err
	}
	return s.plain(m)
}

// Broken ends a handler that does not see why its items end: see
// [binder.Source].
func (i *intake) Broken(err error) { _ = i.writer.cut(err) }

// grant writes into a frame how far the client may go.
func (i *intake) grant(f *stream.Frame) {
	if i == nil {
		return
	}
	granted := i.account.Granted()
	f.Credit, f.CreditBytes = granted.Items, granted.Bytes
}

// reached is told of the number of the last item that the client says it sent.
func (i *intake) reached(f *stream.Frame) {
	if i != nil && !i.ended && f.Seq > i.account.Received().Items {
		i.end(faulty(ErrStreamGap))
	}
}

// begun reports whether the handler has seen an item.
func (i *intake) begun() bool {
	if i == nil {
		return false
	}
	i.writer.mu.Lock()
	defer i.writer.mu.Unlock()
	return i.account.Taken().Items > 0
}

// release gives back what the stream has reserved.
func (i *intake) release() {
	if i == nil {
		return
	}
	i.writer.mu.Lock()
	defer i.writer.mu.Unlock()
	i.account.Release()
	i.ended, i.buffer = true, nil
}

// last makes the end of a stream of the result of a handler that has one.
func (w *writer) last(result *Message) *Message {
	if result == nil || w.settings.noReply {
		return &Message{}
	}
	m := w.derived(result)
	m.Headers = m.Headers.Clone()
	m.ID = first(m.ID, newMessageID())
	return m
}
