package rabbitmq

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/parley-go/parley/transport"
)

// ledger is the broker's side of one channel. It refuses what RabbitMQ would
// close the channel for, and every acknowledgement of an unfinished delivery.
type ledger struct {
	delivered uint64
	finished  map[uint64]transport.Verdict
	settled   map[uint64]transport.Verdict
	fault     string
	writes    int
}

func newLedger() *ledger {
	return &ledger{finished: map[uint64]transport.Verdict{}, settled: map[uint64]transport.Verdict{}}
}

func (l *ledger) settle(tag uint64, v transport.Verdict) {
	switch {
	case tag == 0 || tag > l.delivered || l.settled[tag] != 0:
		l.fault = fmt.Sprintf("unknown delivery tag %d", tag)
	case l.finished[tag] != v:
		l.fault = fmt.Sprintf("tag %d settled as %d, finished as %d", tag, v, l.finished[tag])
	}
	l.settled[tag] = v
}

func (l *ledger) Ack(tag uint64, multiple bool) error {
	l.writes++
	if multiple {
		for below := uint64(1); below < tag; below++ {
			if l.settled[below] == 0 {
				l.settle(below, transport.Ack)
			}
		}
	}
	l.settle(tag, transport.Ack)
	return nil
}

func (l *ledger) Nack(tag uint64, _, _ bool) error {
	l.writes++
	l.settle(tag, transport.Return)
	return nil
}

func (l *ledger) Reject(tag uint64, requeue bool) error {
	l.writes++
	v := transport.Reject
	if requeue {
		v = transport.Requeue
	}
	l.settle(tag, v)
	return nil
}

func TestSettlerNeverCoversTheUnfinished(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefetch := rapid.IntRange(1, 40).Draw(t, "prefetch")
		broker := newLedger()
		s := newSettler(broker, prefetch, rapid.IntRange(1, 8).Draw(t, "workers"), slog.New(slog.DiscardHandler))
		defer s.close()
		var inHand []uint64
		t.Repeat(map[string]func(*rapid.T){
			"deliver": func(t *rapid.T) {
				s.mu.Lock()
				defer s.mu.Unlock()
				if int(broker.delivered)-len(broker.settled) >= prefetch {
					t.Skip("prefetch is used up")
				}
				broker.delivered++
				inHand = append(inHand, broker.delivered)
			},
			"finish": func(t *rapid.T) {
				if len(inHand) == 0 {
					t.Skip("nothing in hand")
				}
				i := rapid.IntRange(0, len(inHand)-1).Draw(t, "which")
				tag := inHand[i]
				inHand = append(inHand[:i], inHand[i+1:]...)
				v := rapid.SampledFrom([]transport.Verdict{transport.Ack, transport.Ack, transport.Ack, transport.Requeue, transport.Return, transport.Reject}).Draw(t, "verdict")
				s.mu.Lock()
				broker.finished[tag] = v
				s.mu.Unlock()
				s.finish(tag, v)
			},
			"idle": func(*rapid.T) { s.idle() },
			"late": func(*rapid.T) {
				s.late()
				s.mu.Lock()
				defer s.mu.Unlock()
				require.Len(t, broker.settled, len(broker.finished))
			},
			"": func(t *rapid.T) {
				s.mu.Lock()
				defer s.mu.Unlock()
				require.Empty(t, broker.fault)
				require.LessOrEqual(t, len(s.finished), len(inHand)+1)
			},
		})
		s.close()
		require.Empty(t, broker.fault)
		require.Equal(t, broker.finished, broker.settled)
		s.finish(broker.delivered+1, transport.Ack)
		require.Equal(t, broker.finished, broker.settled)
	})
}

func TestSettlerGathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := newLedger()
		broker.delivered = 100
		s := newSettler(broker, 100, 4, slog.New(slog.DiscardHandler))
		defer s.close()
		for tag := uint64(1); tag <= 100; tag++ {
			broker.finished[tag] = transport.Ack
			s.finish(tag, transport.Ack)
		}
		require.Empty(t, broker.fault)
		require.Len(t, broker.settled, 100)
		require.Equal(t, 4, broker.writes)
	})
}

func TestSettlerWithOneWorkerSettlesEachAtOnce(t *testing.T) {
	t.Parallel()
	broker := newLedger()
	broker.delivered = 3
	s := newSettler(broker, 100, 1, slog.New(slog.DiscardHandler))
	defer s.close()
	for tag := uint64(1); tag <= 3; tag++ {
		broker.finished[tag] = transport.Ack
		s.finish(tag, transport.Ack)
		require.Len(t, broker.settled, int(tag))
	}
}

func TestSettlerDoesNotWaitLongForTheUnfinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := newLedger()
		broker.delivered = 3
		s := newSettler(broker, 100, 4, slog.New(slog.DiscardHandler))
		defer s.close()
		broker.finished[3] = transport.Ack
		s.finish(3, transport.Ack)
		s.idle()
		settled := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			return len(broker.settled)
		}
		require.Zero(t, settled())
		sleep(ackDelay)
		synctest.Wait()
		require.Equal(t, 1, settled())
		require.Empty(t, broker.fault)
	})
}
