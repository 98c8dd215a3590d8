package parley_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// uploader is a client below parley that sends frames of a test's choice.
type uploader struct {
	*world
	conn    transport.Conn
	id      string
	inbox   string
	service string
	// frames are what the service sends.
	frames <-chan *parley.Message
}

func newUploader(w *world) *uploader {
	u := &uploader{world: w, id: fmt.Sprintf("stream-%d", time.Now().UnixNano())}
	u.conn, u.frames = w.client()
	inbox, err := u.conn.(transport.Inboxes).Inbox(w.ctx())
	require.NoError(w, err)
	u.inbox = inbox.Address
	return u
}

// ask sends the request with further headers.
func (u *uploader) ask(queue string, pairs ...any) {
	u.Helper()
	m := frame("request", append([]any{parley.HeaderStreamSeq, 0, parley.HeaderDeadline, 0}, pairs...)...)
	m.CorrelationID, m.ReplyTo = u.id, u.inbox
	u.publish(u.conn, queue, m)
}

// opened waits until the service listens.
func (u *uploader) opened() *parley.Message {
	u.Helper()
	m := next(u.world, u.frames)
	require.Equal(u, "open", m.Header(parley.HeaderStreamFrame))
	u.service = m.ReplyTo
	return m
}

func (u *uploader) say(m *parley.Message) {
	u.Helper()
	m.CorrelationID = u.id
	c, err := u.conn.Publish(u.ctx(), &transport.Publication{Message: m, Key: u.service, Mandatory: true, Reply: true})
	require.NoError(u, err)
	require.NoError(u, transport.Wait(u.ctx(), c))
}

// item sends {"n": seq} as number seq.
func (u *uploader) item(seq int) {
	u.Helper()
	m := numberedItem("", seq)
	delete(m.Headers, parley.HeaderStreamRun)
	u.say(m)
}

func (u *uploader) end(seq int) { u.say(frame("end", parley.HeaderStreamSeq, seq)) }

// last waits for the frame that ends the stream.
func (u *uploader) last() *parley.Message {
	u.Helper()
	for {
		m := next(u.world, u.frames)
		require.Equal(u, u.id, m.CorrelationID)
		switch m.Header(parley.HeaderStreamFrame) {
		case "credit", "beat":
		default:
			return m
		}
	}
}

func TestAForeignClientStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		served(w, total)
		u := newUploader(w)
		u.ask(w.at("count"), parley.HeaderStreamBeat, 60_000)
		opened := u.opened()
		require.NotEmpty(w, opened.Header(parley.HeaderStreamRun))
		require.EqualValues(w, 32, opened.Headers[parley.HeaderStreamCredit])
		require.EqualValues(w, 64<<10, opened.Headers[parley.HeaderStreamCreditBytes])
		require.EqualValues(w, 60_000, opened.Headers[parley.HeaderStreamBeat])
		for i := range 32 {
			u.item(i + 1)
		}
		m := next(w, u.frames)
		require.Equal(w, "credit", m.Header(parley.HeaderStreamFrame), "half is used up")
		require.Greater(w, m.Headers[parley.HeaderStreamCredit], int64(32))
		require.Equal(w, opened.Header(parley.HeaderStreamRun), m.Header(parley.HeaderStreamRun))
		u.item(33)
		u.end(34)
		m = u.last()
		require.Equal(w, "end", m.Header(parley.HeaderStreamFrame))
		require.EqualValues(w, 1, m.Headers[parley.HeaderStreamSeq])
		require.Equal(w, fmt.Sprint(sumOf(33)), string(m.Body))
	})
}

// Every way in which the items can be incomplete is an error, for the handler
// and for the client, behind the items that were good.
func TestAClientStreamIsNeverShortenedSilently(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		frames func(u *uploader)
		good   int
		err    error
		code   parley.Code
	}{
		"gap":        {func(u *uploader) { u.item(1); u.item(3) }, 1, parley.ErrStreamGap, parley.CodeDataLoss},
		"duplicate":  {func(u *uploader) { u.item(1); u.item(1) }, 1, parley.ErrStreamGap, parley.CodeDataLoss},
		"early end":  {func(u *uploader) { u.item(1); u.end(3) }, 1, parley.ErrStreamCut, parley.CodeDataLoss},
		"lost tail":  {func(u *uploader) { u.item(1); u.say(frame("beat", parley.HeaderStreamSeq, 2)) }, 1, parley.ErrStreamGap, parley.CodeDataLoss},
		"lost items": {func(u *uploader) { u.say(frame("credit", parley.HeaderStreamSeq, 1)) }, 0, parley.ErrStreamGap, parley.CodeDataLoss},
		"malformed":  {func(u *uploader) { u.say(frame("item", parley.HeaderStreamSeq, "one")) }, 0, parley.ErrStreamGap, parley.CodeDataLoss},
		"overflow": {func(u *uploader) {
			for i := range 40 {
				u.item(i + 1)
			}
		}, -1, parley.ErrStreamOverflow, parley.CodeResourceExhausted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(w *world) {
				app := w.app()
				type ended struct {
					good int
					err  error
				}
				seen, blind := make(chan ended, 1), make(chan error, 1)
				release := map[string]chan struct{}{"sees": make(chan struct{}), "blind": make(chan struct{})}
				app.Subscriber(w.at("sees"), func(parts iter.Seq2[part, error]) (int, error) {
					n := 0
					<-release["sees"]
					for _, err := range parts {
						if err != nil {
							seen <- ended{n, err}
							return n, err
						}
						n++
					}
					return n, nil
				})
				app.Subscriber(w.at("blind"), func(ctx context.Context, parts iter.Seq[part]) int {
					<-release["blind"]
					n := 0
					for range parts {
						n++
					}
					blind <- context.Cause(ctx)
					return n
				})
				w.start(app)
				for _, queue := range []string{"sees", "blind"} {
					u := newUploader(w)
					u.ask(w.at(queue))
					u.opened()
					c.frames(u)
					close(release[queue])
					if queue == "sees" {
						got := next(w, seen)
						require.ErrorIs(w, got.err, c.err)
						if c.good >= 0 {
							require.Equal(w, c.good, got.good)
						}
					} else {
						require.ErrorIs(w, next(w, blind), c.err)
					}
					m := u.last()
					require.Equal(w, "error", m.Header(parley.HeaderStreamFrame))
					require.Equal(w, string(c.code), m.Header(parley.HeaderError))
				}
			})
		})
	}
}

func TestWhatIsNoRequestForAClientStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		called := make(chan struct{}, 10)
		app.Subscriber(w.at("count"), func(iter.Seq[part]) { called <- struct{}{} })
		w.start(app)
		failed := w.collect(w.at("count.error"))
		u := newUploader(w)
		for _, seq := range []any{1, "x"} {
			u.ask(w.at("count"), parley.HeaderStreamSeq, seq)
			m := next(w, u.frames)
			require.Equal(w, string(parley.CodeInvalidArgument), m.Header(parley.HeaderError))
		}
		u.inbox = w.at("named")
		w.collect(u.inbox)
		u.ask(w.at("count"))
		u.inbox = ""
		u.ask(w.at("count"))
		require.Equal(w, string(parley.CodeInvalidArgument), next(w, failed).Header(parley.HeaderFailureCode))
		nothing(w, called)
	})
}

// A sequence cannot be run twice: the second run of a handler finds no items.
func TestAnotherRunOfTheHandlerEndsAClientStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s := newStage(w)
		app := w.app()
		p := app.Publisher(w.at("raw"))
		w.start(app)
		over := make(chan struct{})
		call := parley.Go[int](w.ctx(), p, forever(over))
		m := next(w, s.requests)
		require.Equal(w, "request", m.Headers[parley.HeaderStreamFrame])
		require.EqualValues(w, 0, m.Headers[parley.HeaderStreamSeq])
		require.NotContains(w, m.Headers, parley.HeaderStreamCredit, "one answer is wanted")
		require.Empty(w, m.Body)
		open := func(run string, credit int) {
			m1 := frame("open", parley.HeaderStreamRun, run, parley.HeaderStreamBeat, 60_000, parley.HeaderStreamCredit, credit)
			m1.ReplyTo = s.inbox
			s.say(m, m1)
		}
		open("a", 0)
		open("b", 3) // nobody has noticed: no item was asked for
		for i := range 3 {
			item := next(w, s.control)
			for item.Header(parley.HeaderStreamFrame) == "credit" {
				item = next(w, s.control) // a sign of life
			}
			require.Equal(w, "item", item.Header(parley.HeaderStreamFrame))
			require.EqualValues(w, i+1, item.Headers[parley.HeaderStreamSeq])
		}
		open("c", 3)
		s.cancelled(m)
		_, err := call.Wait(w.ctx())
		require.ErrorIs(w, err, parley.ErrStreamRestarted)
		require.ErrorIs(w, err, parley.ErrOutcomeUnknown)
		isOver(w, over)
	})
}

// Nothing but inboxes is ever written to, whatever a service says.
func TestItemsGoToInboxesOnly(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s := newStage(w)
		app := w.app()
		p := app.Publisher(w.at("raw"))
		w.start(app)
		victim := w.collect(w.at("victim"))
		call := parley.Go[int](w.ctx(), p, upload(3))
		m := next(w, s.requests)
		evil := frame("open", parley.HeaderStreamRun, "a", parley.HeaderStreamCredit, 10)
		evil.ReplyTo = w.at("victim")
		s.say(m, evil)
		_, err := call.Wait(w.ctx())
		require.ErrorContains(w, err, "no address")
		nothing(w, victim)
	})
}

func TestRetryOfAHandlerOfSequences(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		runs := make(chan int, 10)
		app.Subscriber(w.at("count"), func(ctx context.Context, parts iter.Seq[part]) (int, error) {
			a, _ := parley.AttemptFrom(ctx)
			runs <- a.Number
			if a.Number == 1 {
				return 0, errors.New("not ready")
			}
			for range parts {
				return 0, errors.New("torn")
			}
			return 0, nil
		}, parley.Retry(parley.Immediate(5)))
		p := app.Publisher(w.at("count"))
		w.start(app)
		_, err := parley.Request[int](w.ctx(), p, upload(3))
		require.ErrorIs(w, err, parley.NewError(parley.CodeUnknown, ""))
		require.Equal(w, 1, next(w, runs))
		require.Equal(w, 2, next(w, runs), "nothing was read before")
		nothing(w, runs)
	})
}

func TestWhatElseAHandlerOfSequencesMayHave(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("forwards"), total, parley.PublishTo(w.at("sums")))
		app.Subscriber(w.at("first"), total, parley.AckFirst())
		app.Subscriber(w.at("silent"), total, parley.NoReply())
		app.Subscriber(w.at("manual"), func(parts iter.Seq[part], d *parley.Delivery) (int, error) {
			n := 0
			for range parts {
				n++
			}
			return n, d.Ack()
		}, parley.Manual())
		app.Subscriber(w.at("once"), total, parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})))
		p := map[string]*parley.Publisher{}
		for _, name := range []string{"forwards", "first", "silent", "manual", "once"} {
			p[name] = app.Publisher(w.at(name))
		}
		sums := w.collect(w.at("sums"))
		w.start(app)
		ask := func(name string, n int, opts ...parley.SendOption) int {
			got, err := parley.Request[int](w.ctx(), p[name], upload(n), opts...)
			require.NoError(w, err, name)
			return got
		}
		require.Equal(w, 6, ask("forwards", 3))
		require.Equal(w, "6", string(next(w, sums).Body))
		require.Equal(w, 6, ask("first", 3))
		require.Equal(w, 3, ask("manual", 3))
		m, err := p["silent"].Request(w.ctx(), upload(3))
		require.NoError(w, err)
		require.Empty(w, m.Body)
		require.Equal(w, 6, ask("once", 3, parley.MessageID("same")))
		require.Equal(w, 6, ask("once", 4, parley.MessageID("same")), "the stored result answers, and nothing is read")
	})
}
