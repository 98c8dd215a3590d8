package parley_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// peer is a reader below parley.
type peer struct {
	*world
	conn   transport.Conn
	inbox  string
	frames <-chan *parley.Message
}

func newPeer(w *world) *peer {
	conn, frames := w.client()
	inbox, err := conn.(transport.Inboxes).Inbox(w.ctx())
	require.NoError(w, err)
	return &peer{world: w, conn: conn, inbox: inbox.Address, frames: frames}
}

// ask sends a request with the given pairs of headers.
func (p *peer) ask(id, body string, pairs ...any) {
	p.Helper()
	m := frame("request", pairs...)
	m.CorrelationID, m.ReplyTo, m.Body, m.ContentType = id, p.inbox, []byte(body), "application/json"
	p.publish(p.conn, p.at("count"), m)
}

// tell sends a control frame to a service's inbox.
func (p *peer) tell(inbox, id string, m *parley.Message) {
	p.Helper()
	m.CorrelationID = id
	p.publish(p.conn, inbox, m)
}

// expect returns the next frame, which must be of that kind and number. Signs of
// life may come at any time.
func (p *peer) expect(kind string, seq int) *parley.Message {
	p.Helper()
	m := nextFrame(p.world, p.frames)
	require.Equal(p, kind, m.Headers[parley.HeaderStreamFrame])
	if seq >= 0 {
		require.EqualValues(p, seq, m.Headers[parley.HeaderStreamSeq])
	}
	return m
}

func TestWhatAServiceSends(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		served(w, count)
		p := newPeer(w)
		p.ask("eager", "0", parley.HeaderStreamCredit, 2, parley.HeaderStreamBeat, 1)
		require.EqualValues(w, 1000, p.expect("open", -1).Headers[parley.HeaderStreamBeat], "the service bounds the interval")
		p.expect("end", 1)
		p.ask("s1", "3", parley.HeaderStreamCredit, 2)
		open := p.expect("open", -1)
		require.NotEmpty(w, open.ReplyTo)
		run := open.Header(parley.HeaderStreamRun)
		require.NotEmpty(w, run)
		for i := range 2 {
			m := p.expect("item", i+1)
			require.Equal(w, "s1", m.CorrelationID)
			require.Equal(w, run, m.Header(parley.HeaderStreamRun))
			require.Equal(w, "application/json", m.ContentType)
			require.Equal(w, transport.Transient, m.Persistence)
		}
		noFrame(w, p.frames)
		// A grant may come as whatever number a client's library makes of it.
		p.tell(open.ReplyTo, "s1", frame("credit", parley.HeaderStreamCredit, float64(10)))
		p.expect("item", 3)
		p.expect("end", 4)
	})
}

func TestAReaderThatGrantsNothing(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		served(w, count)
		p := newPeer(w)
		m := &parley.Message{CorrelationID: "p", ReplyTo: p.inbox, Body: []byte("40"), ContentType: "application/json"}
		p.publish(p.conn, w.at("count"), m)
		for i := range 40 {
			p.expect("item", i+1)
		}
		p.expect("end", 41)
	})
}

func TestAReaderThatGrantsNothingIsBounded(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		yielded := make(chan int, 1)
		_, _ = served(w, func(string) iter.Seq[[]byte] {
			return func(yield func([]byte) bool) {
				n := 0
				for yield(make([]byte, 1<<20)) {
					n++
				}
				yielded <- n
			}
		})
		p := newPeer(w)
		p.publish(p.conn, w.at("count"), &parley.Message{CorrelationID: "p", ReplyTo: p.inbox, Body: []byte("x")})
		require.Equal(w, 16, next(w, yielded), "16 MiB")
		for range 16 {
			next(w, p.frames)
		}
		m := p.expect("error", 17)
		require.Equal(w, "resource_exhausted", m.Header(parley.HeaderError))
		require.Contains(w, string(m.Body), parley.HeaderStreamCredit)
	})
}

// A stream to a plain queue is a series of ordinary messages; a parley
// subscriber there handles the items.
func TestAStreamToAQueue(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("count"), func(ctx context.Context, n int) iter.Seq2[part, error] {
			return func(yield func(part, error) bool) {
				for p, err := range count(ctx, n) {
					if !yield(p, err) {
						return
					}
				}
				if n == 2 {
					yield(part{}, parley.NewError(parley.CodeAborted, "enough"))
				}
			}
		})
		got := make(chan part, 100)
		app.Subscriber(w.at("parts"), func(p part) { got <- p }, parley.Concurrency(1))
		p := app.Publisher(w.at("count"))
		w.start(app)
		require.NoError(w, p.Publish(w.ctx(), 50, parley.ReplyTo(w.at("parts"))))
		for i := range 50 {
			require.Equal(w, i+1, next(w, got).N)
		}
		failed, told := w.collect(w.at("count.error")), w.collect(w.at("parts.error"))
		require.NoError(w, p.Publish(w.ctx(), 2, parley.ReplyTo(w.at("parts"))))
		require.Equal(w, "aborted", next(w, failed).Header(parley.HeaderFailureCode), "the request")
		require.Contains(w, next(w, told).Header(parley.HeaderFailureReason), "enough")
		require.Equal(w, []part{{1}, {2}}, []part{next(w, got), next(w, got)})
		require.Empty(w, failed)
		require.Empty(w, told)
	})
}

// Without anybody to answer the handler runs all the same.
func TestAStreamThatNobodyWants(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		ran := make(chan int, 1)
		app, p := served(w, func(ctx context.Context, n int, out parley.Sender[int]) error {
			for i := range n {
				if err := out.Send(ctx, i); err != nil {
					return err
				}
			}
			ran <- n
			return nil
		})
		require.NoError(w, p.Publish(w.ctx(), 5000))
		require.Equal(w, 5000, next(w, ran))
		require.Eventually(w, func() bool { return app.Stats().Handled == 1 }, patience, 1e6)
	})
}

func TestCreditOfTheReaderBoundsTheHandler(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		blocked := make(chan error, 1)
		served(w, func(ctx context.Context, n int, out parley.Sender[int]) error {
			for i := range n {
				if err := out.Send(ctx, i); err != nil {
					blocked <- err
					return err
				}
			}
			return nil
		})
		p := newPeer(w)
		p.ask("s", "1000", parley.HeaderStreamCredit, 5)
		open := p.expect("open", -1)
		for i := range 5 {
			p.expect("item", i+1)
		}
		p.tell(open.ReplyTo, "s", frame("credit", parley.HeaderStreamCredit, 3))
		p.tell(open.ReplyTo, "someone else", frame("credit", parley.HeaderStreamCredit, 900))
		p.tell(open.ReplyTo, "s", frame("credit", parley.HeaderStreamCredit, 7))
		p.expect("item", 6)
		p.expect("item", 7)
		p.tell(open.ReplyTo, "s", frame("cancel"))
		require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, blocked)))
		noFrame(w, p.frames)
	})
}

// The inbox of a reader that died tells the service of it.
func TestAReaderThatDiesStopsTheHandler(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		ended := make(chan error, 1)
		served(w, func(ctx context.Context, _ int) iter.Seq[int] {
			return func(yield func(int) bool) {
				for i := 0; yield(i); i++ {
				}
				ended <- context.Cause(ctx)
			}
		})
		p := newPeer(w)
		p.ask("s", "1", parley.HeaderStreamCredit, 1<<40, parley.HeaderStreamCreditBytes, 1<<40)
		p.expect("open", -1)
		go func() {
			for w.Context().Err() == nil {
				select {
				case <-p.frames:
				case <-w.Context().Done():
				}
			}
		}()
		require.NoError(w, p.conn.Close(w.ctx()))
		require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, ended)))
	})
}

func TestTwoReadersWithOneID(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		served(w, count)
		a, b := newPeer(w), newPeer(w)
		a.ask("same", "9", parley.HeaderStreamCredit, 1)
		a.expect("open", -1)
		a.expect("item", 1)
		b.ask("same", "9", parley.HeaderStreamCredit, 1, parley.HeaderDeadline, 0)
		m := next(w, b.frames)
		require.Equal(w, "already_exists", m.Header(parley.HeaderError))
		noFrame(w, a.frames)
	})
}

func TestAMalformedRequestForAStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		served(w, count)
		p := newPeer(w)
		p.ask("s", "9", parley.HeaderStreamCredit, "lots", parley.HeaderDeadline, 0)
		require.Equal(w, "invalid_argument", next(w, p.frames).Header(parley.HeaderError))
	})
}

func TestStreamOptionsBelongToStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, count)
		for _, o := range []parley.SendOption{parley.Restarts(), parley.MaxReplies(1), parley.Idle(1e10)} {
			require.ErrorIs(w, p.Publish(w.ctx(), 1, o), parley.ErrNotSent)
			_, err := p.Request(w.ctx(), 1, o)
			require.ErrorIs(w, err, parley.ErrNotSent)
		}
		for _, o := range []parley.SendOption{
			parley.ReplyTo("q"), parley.CorrelationID("c"), parley.QuietTimeout(), parley.Idle(1), parley.Idle(1e12), parley.MaxReplies(0), parley.MaxReplies(-1),
		} {
			_, err := read(parley.Stream[part](w.ctx(), p, 1, o))
			require.ErrorIs(w, err, parley.ErrNotSent, o)
		}
		_, err := read(parley.Stream[part](w.ctx(), p, make(chan int)))
		require.Error(w, err)
		var failed *parley.StreamError
		require.NotErrorAs(w, err, &failed, "nothing was sent")
	})
}
