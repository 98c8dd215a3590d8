package parley_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// frame makes a message of a stream from pairs of headers.
func frame(kind string, pairs ...any) *parley.Message {
	m := &parley.Message{Headers: parley.Headers{parley.HeaderStreamFrame: kind}}
	for i := 0; i < len(pairs); i += 2 {
		m.Headers[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

// nextFrame waits for the next frame that is no sign of life.
func nextFrame(w *world, frames <-chan *parley.Message) *parley.Message {
	w.Helper()
	for {
		if m := next(w, frames); m.Header(parley.HeaderStreamFrame) != "beat" {
			return m
		}
	}
}

// noFrame asserts that nothing but signs of life is there now.
func noFrame(w *world, frames <-chan *parley.Message) {
	w.Helper()
	for len(frames) > 0 {
		require.Equal(w, "beat", next(w, frames).Header(parley.HeaderStreamFrame))
	}
}

func numberedItem(run string, seq int) *parley.Message {
	m := frame("item", parley.HeaderStreamRun, run, parley.HeaderStreamSeq, seq)
	m.Body, m.ContentType = fmt.Appendf(nil, `{"n":%d}`, seq), "application/json"
	return m
}

func numbered(kind, run string, seq int) *parley.Message {
	return frame(kind, parley.HeaderStreamRun, run, parley.HeaderStreamSeq, seq)
}

// stage is a service below parley that answers with frames of a test's choice.
type stage struct {
	*world
	conn  transport.Conn
	inbox string
	// control is what arrives at its inbox.
	control <-chan *parley.Message
	// requests are those that it got.
	requests chan *parley.Message
	// busy keeps readers in the body of their loop until it is closed.
	busy chan struct{}
}

func newStage(w *world) *stage {
	s := newHeir(w)
	s.requests = make(chan *parley.Message, 10)
	_, err := s.conn.Subscribe(w.ctx(), rawSubscription(w, w.at("raw"), func(m *parley.Message) transport.Verdict {
		s.requests <- m
		return transport.Ack
	}))
	require.NoError(w, err)
	return s
}

// newHeir is another instance, which goes on with what the stage was asked for.
func newHeir(w *world) *stage {
	s := &stage{world: w}
	s.conn, s.inbox, s.control = w.inbox()
	return s
}

// say sends a frame to who asked.
func (s *stage) say(request, m *parley.Message) {
	s.Helper()
	m.CorrelationID = request.CorrelationID
	c, err := s.conn.Publish(s.ctx(), &transport.Publication{Message: m, Key: request.ReplyTo, Mandatory: true, Reply: true})
	require.NoError(s, err)
	require.NoError(s, transport.Wait(s.ctx(), c))
}

func (s *stage) open(request *parley.Message, run string) {
	s.Helper()
	m := frame("open", parley.HeaderStreamRun, run, parley.HeaderStreamBeat, 60_000)
	m.ReplyTo = s.inbox
	s.say(request, m)
}

// took waits until a reader with a window of one item has taken n items: then it
// grants the next one.
func (s *stage) took(n int) {
	s.Helper()
	for {
		m := next(s.world, s.control)
		require.Equal(s, "credit", m.Header(parley.HeaderStreamFrame))
		if granted, ok := m.Headers[parley.HeaderStreamCredit].(int64); ok && granted > int64(n) {
			return
		}
	}
}

// cancelled waits for the cancellation of a stream.
func (s *stage) cancelled(request *parley.Message) {
	s.Helper()
	for {
		m := next(s.world, s.control)
		require.Equal(s, request.CorrelationID, m.CorrelationID)
		if m.Header(parley.HeaderStreamFrame) == "cancel" {
			return
		}
	}
}

type streamed struct {
	items    []int
	restarts int
	err      error
}

// ask reads a stream from the stage in the background.
func (s *stage) ask(opts ...parley.SendOption) (request *parley.Message, result <-chan streamed) {
	s.Helper()
	app := s.app()
	p := app.Publisher(s.at("raw"))
	s.start(app)
	done := make(chan streamed, 1)
	go func() {
		var got streamed
		for v, err := range parley.Stream[part](s.ctx(), p, 1, opts...) {
			if got.err = err; errors.Is(err, parley.ErrStreamRestarted) {
				got.restarts++
				continue
			}
			if err == nil {
				got.items = append(got.items, v.N)
			}
			if s.busy != nil {
				<-s.busy
			}
		}
		done <- got
	}()
	return next(s.world, s.requests), done
}

func TestWhatARequestForAStreamSays(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s := newStage(w)
		m, done := s.ask(parley.Idle(30*time.Second), parley.Timeout(20*time.Second))
		require.Equal(w, "request", m.Headers[parley.HeaderStreamFrame])
		require.EqualValues(w, 32, m.Headers[parley.HeaderStreamCredit])
		require.EqualValues(w, 64<<10, m.Headers[parley.HeaderStreamCreditBytes])
		require.EqualValues(w, 10_000, m.Headers[parley.HeaderStreamBeat])
		require.Equal(w, transport.Transient, m.Persistence)
		require.LessOrEqual(w, m.Headers[parley.HeaderDeadline], int64(20_000))
		require.NotZero(w, m.Expiration)
		require.GreaterOrEqual(w, len(m.CorrelationID), 26)
		s.open(m, "a")
		s.say(m, numbered("end", "a", 1))
		require.NoError(w, next(w, done).err)
	})
}

// Every way in which a stream can be incomplete ends the loop with an error of
// its own, behind the items that were good, and the service is told.
func TestAStreamIsNeverShortenedSilently(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		frames func(s *stage, m *parley.Message)
		// window is 256 unless an item that was taken is to show as a grant.
		window int
		items  []int
		err    error
	}{
		"gap": {func(s *stage, m *parley.Message) {
			s.say(m, numberedItem("a", 1))
			s.say(m, numberedItem("a", 3))
		}, 256, upTo(1), parley.ErrStreamGap},
		"duplicate": {func(s *stage, m *parley.Message) {
			s.say(m, numberedItem("a", 1))
			s.say(m, numberedItem("a", 1))
		}, 256, upTo(1), parley.ErrStreamGap},
		"lost tail": {func(s *stage, m *parley.Message) {
			s.say(m, numberedItem("a", 1))
			s.say(m, numbered("beat", "a", 2))
		}, 256, upTo(1), parley.ErrStreamGap},
		"malformed number": {func(s *stage, m *parley.Message) {
			s.say(m, frame("item", parley.HeaderStreamRun, "a", parley.HeaderStreamSeq, "one"))
		}, 256, nil, parley.ErrStreamGap},
		"early end": {func(s *stage, m *parley.Message) {
			s.say(m, numberedItem("a", 1))
			s.say(m, numbered("end", "a", 3))
		}, 256, upTo(1), parley.ErrStreamCut},
		"overflow": {func(s *stage, m *parley.Message) {
			for i := range 10 {
				s.say(m, numberedItem("a", i+1))
			}
			close(s.busy)
		}, 2, nil, parley.ErrStreamOverflow},
		"restart": {func(s *stage, m *parley.Message) {
			s.say(m, numberedItem("a", 1))
			s.took(1)
			s.open(m, "b")
			s.say(m, numberedItem("b", 1))
		}, 1, upTo(1), parley.ErrStreamRestarted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(w *world) {
				s := newStage(w)
				if name == "overflow" {
					s.busy = make(chan struct{})
				}
				m, done := s.ask(parley.Window(c.window))
				s.open(m, "a")
				c.frames(s, m)
				got := next(w, done)
				require.ErrorIs(w, got.err, c.err)
				require.ErrorIs(w, got.err, parley.ErrOutcomeUnknown)
				failed, ok := errors.AsType[*parley.StreamError](got.err)
				require.True(w, ok)
				require.Len(w, got.items, failed.Items)
				if c.items != nil || name == "malformed number" {
					require.Equal(w, c.items, got.items)
				}
				s.cancelled(m)
			})
		})
	}
}

// Whoever asked for restarts is told of them and gets everything anew; nobody
// notices one that comes before the first item.
func TestRestarts(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s := newStage(w)
		m, done := s.ask(parley.Restarts(), parley.Window(1))
		s.open(m, "a")
		s.open(m, "b")
		s.say(m, numberedItem("b", 1))
		s.took(1)
		s.open(m, "c")
		s.say(m, numberedItem("b", 2)) // the rest of a run that is over
		for i := range 3 {
			s.say(m, numberedItem("c", i+1))
			s.took(i + 1)
		}
		s.say(m, numbered("end", "c", 4))
		got := next(w, done)
		require.NoError(w, got.err)
		require.Equal(w, []int{1, 1, 2, 3}, got.items)
		require.Equal(w, 1, got.restarts)
	})
}

// dies ends the service's connection, and its inbox with it.
func (s *stage) dies() {
	s.Helper()
	require.NoError(s, s.conn.Close(s.ctx()))
}

// What a reader says to a service that died comes back, and does not end a
// stream that may begin anew.
func TestRestartsOutliveTheInbox(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s, heir := newStage(w), newHeir(w)
		s.busy = make(chan struct{})
		m, done := s.ask(parley.Restarts(), parley.Window(1))
		s.open(m, "a")
		s.say(m, numberedItem("a", 1))
		s.took(1)
		s.say(m, numberedItem("a", 2))
		s.dies()
		s.busy <- struct{}{} // it takes the second one, and grants a third to nobody
		s.busy <- struct{}{}
		heir.open(m, "b")
		heir.say(m, numberedItem("b", 1))
		heir.took(1)
		close(s.busy)
		heir.say(m, numbered("end", "b", 2))
		got := next(w, done)
		require.NoError(w, got.err)
		require.Equal(w, []int{1, 2, 1}, got.items)
		require.Equal(w, 1, got.restarts)
	})
}

func TestRestartsAreNotWaitedForLongerThanIdle(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s := newStage(w)
		m, done := s.ask(parley.Restarts(), parley.Window(1), parley.Idle(3*time.Second))
		open := frame("open", parley.HeaderStreamRun, "a", parley.HeaderStreamBeat, 1000)
		open.ReplyTo = s.inbox
		s.say(m, open)
		s.say(m, numberedItem("a", 1))
		s.took(1)
		s.dies()
		got := next(w, done)
		require.ErrorIs(w, got.err, parley.ErrStreamServerGone)
		require.ErrorContains(w, got.err, "nothing came for 3s")
		require.Equal(w, []int{1}, got.items)
	})
}

func TestOpenForAStreamThatWasLeftIsCancelled(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s := newStage(w)
		app := w.app()
		p := app.Publisher(w.at("raw"))
		w.start(app)
		ctx, cancel := context.WithCancel(w.ctx())
		done := make(chan error, 1)
		go func() {
			_, err := read(parley.Stream[part](ctx, p, 1))
			done <- err
		}()
		m := next(w, s.requests)
		cancel()
		require.ErrorIs(w, next(w, done), context.Canceled)
		s.open(m, "a")
		s.cancelled(m)
		// Nothing but inboxes is ever written to.
		evil := frame("open", parley.HeaderStreamRun, "a")
		evil.ReplyTo = w.at("victim")
		victim := w.collect(w.at("victim"))
		s.say(m, evil)
		s.open(m, "b")
		s.cancelled(m)
		nothing(w, victim)
	})
}

func TestAStreamThatNobodyAnswersTimesOut(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s := newStage(w)
		app := w.start(w.app())
		w.inTime(func(limit time.Duration) bool {
			p := app.Publisher(w.at("raw"), parley.Timeout(limit))
			_, err := read(parley.Stream[part](w.ctx(), p, 1))
			require.ErrorIs(w, err, parley.ErrTimeout)
			if errors.Is(err, parley.ErrNotSent) {
				return false
			}
			require.ErrorContains(w, err, "no sign of the service within "+limit.String())
			return true
		})
		next(w, s.requests)
	})
}
