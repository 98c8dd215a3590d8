package parley

import (
	"context"
	"sync"
)

// StreamInfo is one stream as middleware follows it, at either of its ends: how
// much went through it so far, and how it ends. The answers to a [Gather] or a
// [First] count as a stream that is received. [StreamFrom] returns it.
//
// All values of one end of one stream are equal, so that it may be the key of a
// map. Its methods may be called concurrently, at any time, after the end too.
// The zero value is no stream: it counts nothing and does not end.
type StreamInfo struct {
	flow    flow
	endings *endings
}

// flow is an end of a stream.
type flow interface {
	progress() (sent, received int64)
}

// StreamFrom returns the stream that the message at hand begins: in middleware
// around sending that of [Stream], of a client stream, of [Gather] and of
// [First]; in a handler and in middleware around handling the one that the
// handler sends or receives for its caller. ok is false for every other message,
// and for a handler's items that nobody asked for.
//
// For a Stream and a Gather the next of send middleware returns when the request
// is sent, and what happens to the items is told here:
//
//	answer, err := next(ctx, m)
//	if s, ok := parley.StreamFrom(ctx); ok && err == nil {
//		s.OnEnd(func(err error) { log.Print(s.Received(), err) })
//	}
func StreamFrom(ctx context.Context) (s StreamInfo, ok bool) {
	if out, sends := ctx.Value(outgoingKey{}).(*outgoing); sends {
		switch {
		case out.stream != nil:
			return StreamInfo{out.stream, &out.stream.endings}, true
		case out.wait != nil && out.wait.gather != nil:
			return StreamInfo{out.wait.gather, &out.wait.gather.endings}, true
		}
		return StreamInfo{}, false
	}
	h, handles := ctx.Value(messageKey{}).(*handling)
	if !handles || h.writer == nil {
		return StreamInfo{}, false
	}
	return StreamInfo{h.writer, &h.writer.endings}, true
}

// Sent returns how many items this end has sent so far: the client those of its
// sequence, the service what its handler yields. The one result of a handler is
// not among them.
func (s StreamInfo) Sent() int64 {
	if s.flow == nil {
		return 0
	}
	sent, _ := s.flow.progress()
	return sent
}

// Received returns how many items were handed out at this end so far, to the loop
// of the client or to the handler. Those before a restart count; those that had
// come, but were not read when the loop was left, do not. Of a [Gather] they are
// the answers, failed ones too. The one answer to a client stream does not count.
func (s StreamInfo) Received() int64 {
	if s.flow == nil {
		return 0
	}
	_, received := s.flow.progress()
	return received
}

// OnEnd has f called once when the stream has ended, at once when it has already.
// Several are called in the order in which they were given, in the goroutine of
// the loop or of the handler, which goes on when they have returned.
//
// At the client the stream ends with its loop. err is what the loop gave or the
// call returned: nil when the stream is complete, [context.Canceled] when the
// loop was left before. f is called when nothing was sent, too.
//
// At the service the stream ends when the handler is through and all that it sent
// is confirmed, or when it was cut; before its message is acknowledged. err is why
// it was cut, with [CodeCanceled] when nobody read any more, or the error that the
// handler ended with, nil for a complete stream.
func (s StreamInfo) OnEnd(f func(err error)) {
	if s.endings != nil {
		s.endings.add(f)
	}
}

// endings tell of an end to whoever has asked. The zero value is ready for use.
type endings struct {
	mu    sync.Mutex
	over  bool
	why   error
	asked []func(error)
}

func (e *endings) add(f func(error)) {
	e.mu.Lock()
	over, why := e.over, e.why
	if !over {
		e.asked = append(e.asked, f)
	}
	e.mu.Unlock()
	if over {
		f(why)
	}
}

// tell says that it is over; the first time counts.
func (e *endings) tell(why error) {
	e.mu.Lock()
	if e.over {
		e.mu.Unlock()
		return
	}
	e.over, e.why = true, why
	asked := e.asked
	e.asked = nil
	e.mu.Unlock()
	for _, f := range asked {
		f(why)
	}
}

func (r *reader) progress() (sent, received int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.single {
		received = r.given
	}
	return max(r.feed.sent(), 0), received
}

func (g *gathering) progress() (sent, received int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return 0, g.given
}

func (w *writer) progress() (sent, received int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.intake != nil {
		received = w.intake.account.Taken().Items
	}
	return w.allowance.Sent().Items, received
}
