package rabbitmq

import (
	"log/slog"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
)

// ackDelay is how long a finished delivery may wait for earlier ones that are
// still being handled.
const ackDelay = 5 * time.Millisecond

// acknowledger is what the settler needs of a channel.
type acknowledger interface {
	Ack(tag uint64, multiple bool) error
	Nack(tag uint64, multiple, requeue bool) error
	Reject(tag uint64, requeue bool) error
}

// settler writes the verdicts of one channel. It gathers acknowledgements: one
// frame covers every delivery below the lowest unfinished one, never another.
//
// It belongs to one session. After close its methods do nothing, so the
// verdict of a handler that outlived its session cannot settle a delivery of
// the next one. Writing under the mutex is safe: a frame goes into the pipe,
// which never waits.
type settler struct {
	ch  acknowledger
	log *slog.Logger
	// batch is how many finished deliveries are acknowledged at once, most how
	// many may be unacknowledged behind an unfinished one.
	batch, most int

	mu       sync.Mutex
	closed   bool
	finished spans
	// waiting are finished, to be acknowledged, and not yet so.
	waiting []uint64
	timer   *time.Timer
	armed   bool
}

func newSettler(ch acknowledger, prefetch, workers int, log *slog.Logger) *settler {
	s := &settler{ch: ch, log: log, batch: max(1, prefetch/4), most: max(1, prefetch/2)}
	if workers == 1 {
		// Each message is settled before the next one is handled.
		s.batch = 1
	}
	s.timer = time.AfterFunc(time.Hour, s.late)
	s.timer.Stop()
	return s
}

// finish takes the verdict on one delivery.
func (s *settler) finish(tag uint64, v transport.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		s.log.Debug("parley: verdict came after the session; the broker delivers again", "delivery_tag", tag)
		return
	}
	if v != transport.Ack {
		// Before the tag counts as finished: an acknowledgement must not cover it.
		s.hand(tag, v)
		s.finished.add(tag)
		return
	}
	s.finished.add(tag)
	s.waiting = append(s.waiting, tag)
	if len(s.waiting) >= s.batch {
		s.flush()
	}
	if len(s.waiting) >= s.most {
		s.single()
	}
	if len(s.waiting) > 0 && !s.armed {
		s.armed = true
		s.timer.Reset(ackDelay)
	}
}

func (s *settler) hand(tag uint64, v transport.Verdict) {
	switch v {
	case transport.Requeue:
		// Counted as an attempt by quorum queues of every version.
		s.note(s.ch.Reject(tag, true))
	case transport.Reject:
		s.note(s.ch.Reject(tag, false))
	default:
		// From RabbitMQ 4.3 on not counted as an attempt.
		s.note(s.ch.Nack(tag, false, true))
	}
}

// idle is told that no delivery is waiting: nothing is gained by gathering.
func (s *settler) idle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
}

// late acknowledges what could not wait longer.
func (s *settler) late() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	s.flush()
	s.single()
}

// flush acknowledges what is finished below the lowest unfinished delivery.
func (s *settler) flush() {
	if len(s.waiting) == 0 || s.closed {
		return
	}
	head := s.finished.head()
	rest, covered, top := s.waiting[:0], 0, uint64(0)
	for _, tag := range s.waiting {
		if tag > head {
			rest = append(rest, tag)
			continue
		}
		covered++
		top = max(top, tag)
	}
	s.waiting = rest
	if covered > 0 {
		// top is still unsettled, as the broker requires of the tag itself.
		s.note(s.ch.Ack(top, covered > 1))
	}
}

// single acknowledges one by one what is finished behind an unfinished delivery.
func (s *settler) single() {
	if s.closed {
		return
	}
	for _, tag := range s.waiting {
		s.note(s.ch.Ack(tag, false))
	}
	s.waiting = s.waiting[:0]
}

// note logs a write that failed: the session is over, or about to be.
func (s *settler) note(err error) {
	if err != nil {
		s.log.Debug("parley: verdict not written; the broker delivers again", "error", err)
	}
}

// finish all that is finished, and take nothing more.
func (s *settler) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
	s.single()
	s.closed = true
	s.timer.Stop()
}
