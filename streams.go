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

const (
	// beatTick is how often streams are looked after; what has a time is late by
	// that much at most.
	beatTick = 250 * time.Millisecond
	// maxNotices bounds the control frames that wait to be sent. They may be
	// lost: grants are cumulative and repeated, and who misses a cancellation
	// notices the silence.
	maxNotices = 4096
)

// streams are those of one run: what it reads and what its handlers send.
type streams struct {
	run    *run
	budget stream.Budget
	// inboxes is nil where the transport has none.
	inboxes transport.Inboxes
	notices chan notice
	// wake holds a token when there is a stream to look after.
	wake chan struct{}
	// peers are at the other ends.
	peers peers
	// feeds are the client streams that are being sent.
	feeds feeds

	mu      sync.Mutex
	readers map[string]*reader
	writers map[string]*writer
	// resumed is when publishing was last found blocked: until then nobody's
	// silence means anything.
	resumed time.Time
}

// notice is a control frame on its way.
type notice struct {
	publication *transport.Publication
	// unroutable is told when nobody is there; may be nil.
	unroutable func()
}

func (s *streams) init(n *run) {
	s.run = n
	s.inboxes, _ = n.conn.(transport.Inboxes)
	s.notices, s.wake = make(chan notice, maxNotices), make(chan struct{}, 1)
	s.readers, s.writers = map[string]*reader{}, map[string]*writer{}
	n.work.Go(s.send)
	n.work.Go(s.keep)
}

// inbox returns where frames of the other side may be sent.
func (s *streams) inbox(ctx context.Context) (transport.Inbox, error) {
	if s.inboxes == nil {
		return transport.Inbox{}, errors.New("the transport has no inboxes for streams")
	}
	return s.inboxes.Inbox(ctx)
}

// onFrame hands a frame to its stream. It does not block.
func (s *streams) onFrame(m *Message) {
	f, err := stream.Parse(m.Headers)
	s.mu.Lock()
	r, w := s.readers[m.CorrelationID], s.writers[m.CorrelationID]
	s.mu.Unlock()
	control := f.Kind == stream.Credit || f.Kind == stream.Cancel
	// The frames of a service name its run, those of a client do not.
	toService, toClient := f.Run == "", f.Run != ""
	switch {
	case toClient && f.Kind == stream.Credit && r != nil && r.feed != nil && err == nil:
		r.accept(m, &f)
	case toService && !control && w != nil && w.intake != nil:
		w.intake.accept(m, &f, err)
	case control && w != nil && err == nil:
		w.hear(&f)
	case control:
		s.stray(m, f.Kind)
	case r != nil && err != nil:
		r.fail(errors.Join(ErrStreamGap, err))
	case r != nil:
		r.accept(m, &f)
	case err == nil && f.Kind == stream.Open:
		// Its reader left before it knew whom to tell.
		s.stray(m, f.Kind)
		s.cancel(m.CorrelationID, m.ReplyTo, nil)
	default:
		s.stray(m, f.Kind)
	}
}

// answer hands an ordinary reply to the stream that asked; false when there is
// none of that id.
func (s *streams) answer(m *Message) bool {
	s.mu.Lock()
	r := s.readers[m.CorrelationID]
	s.mu.Unlock()
	if r != nil {
		r.answer(m)
	}
	return r != nil
}

// stray drops a frame of a stream that is over or never was. Grants and signs of
// life leave on their own, and may come behind the end: they count for nothing.
func (s *streams) stray(m *Message, k stream.Kind) {
	if k != stream.Credit && k != stream.Beat {
		s.run.app.stats.late.Add(1)
	}
	s.run.app.settings.logger.LogAttrs(context.Background(), slog.LevelDebug, "parley: frame without a stream",
		slog.String("correlation_id", m.CorrelationID))
}

// tell sends a control frame to the other side's inbox, which a message named:
// nothing else than an inbox is written to.
func (s *streams) tell(id, inbox string, f *stream.Frame, unroutable func()) {
	if inbox == "" || s.run.classify(inbox) != transport.ReplyWaiting {
		return
	}
	m := &Message{CorrelationID: id, Persistence: transport.Transient}
	f.Write(m)
	select {
	case s.notices <- notice{&transport.Publication{Message: m, Key: inbox, Mandatory: true, Reply: true}, unroutable}:
	default:
		s.run.app.settings.logger.Warn("parley: too many control frames of streams wait; one is dropped", "correlation_id", id)
	}
}

func (s *streams) cancel(id, inbox string, unroutable func()) {
	f := stream.Of(stream.Cancel)
	s.tell(id, inbox, &f, unroutable)
}

// send publishes control frames and listens to what became of them.
func (s *streams) send() {
	type sent struct {
		outcome    transport.Confirmation
		unroutable func()
	}
	var flight []sent
	for {
		var oldest <-chan struct{}
		if len(flight) > 0 {
			oldest = flight[0].outcome.Done()
		}
		select {
		case next := <-s.notices:
			c, err := s.run.conn.Publish(s.run.ctx, next.publication)
			if err == nil && next.unroutable != nil {
				flight = append(flight, sent{c, next.unroutable})
			}
		case <-oldest:
			if errors.Is(flight[0].outcome.Err(), ErrNoRoute) {
				flight[0].unroutable()
			}
			flight = flight[1:]
		case <-s.run.ctx.Done():
			return
		}
	}
}

// keep looks after the streams as long as there are any.
func (s *streams) keep() {
	for {
		select {
		case <-s.wake:
		case <-s.run.ctx.Done():
			return
		}
		for s.tend(time.Now()) {
			if !sleep(s.run.ctx, beatTick) {
				return
			}
		}
	}
}

// tend looks after every stream once; false when there is none.
func (s *streams) tend(now time.Time) bool {
	blocked := s.run.watch.blocked()
	s.mu.Lock()
	if blocked {
		s.resumed = now
	}
	since := s.resumed
	readers, writers := values(s.readers), values(s.writers)
	s.mu.Unlock()
	for _, r := range readers {
		r.tend(now, since)
	}
	for _, w := range writers {
		w.tend(now, since)
	}
	return s.run.cancellations.tend(now, since) || len(readers)+len(writers) > 0
}

func values[T any](m map[string]T) []T {
	all := make([]T, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

func (s *streams) woken() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// addReader keeps r until dropReader.
func (s *streams) addReader(r *reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.run.calls.room(len(s.readers)); err != nil {
		return err
	}
	s.readers[r.id] = r
	s.woken()
	return nil
}

func (s *streams) dropReader(r *reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.readers, r.id)
}

// errStreamExists refuses a second stream of one id: frames of the two could
// not be told apart.
var errStreamExists = NewError(CodeAlreadyExists, "another stream has this correlation id")

// addWriter keeps w until dropWriter. A request that was delivered again takes
// the place of the run that lost it.
func (s *streams) addWriter(w *writer) error {
	s.mu.Lock()
	old := s.writers[w.id]
	if old != nil && old.replyTo != w.replyTo {
		s.mu.Unlock()
		return errStreamExists
	}
	s.writers[w.id] = w
	s.woken()
	s.mu.Unlock()
	if old != nil {
		_ = old.cut(errStreamLost)
	}
	return nil
}

func (s *streams) dropWriter(w *writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writers[w.id] == w {
		delete(s.writers, w.id)
	}
}

// of returns the writers of one subscriber.
func (s *streams) of(r *receiver) []*writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*writer
	for _, w := range s.writers {
		if w.receiver == r {
			all = append(all, w)
		}
	}
	return all
}
