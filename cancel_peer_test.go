package parley_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

// asker is a client below parley that announces its requests.
type asker struct {
	*world
	conn  transport.Conn
	inbox string
	heard <-chan *parley.Message
}

func newAsker(w *world) *asker {
	w.Helper()
	a := &asker{world: w}
	a.conn, a.inbox, a.heard = w.inbox()
	return a
}

// ask sends a request that wants to be asked.
func (a *asker) ask(queue, id string, pairs ...any) {
	a.Helper()
	m := frame("request", append(pairs, parley.HeaderStreamCredit, 0, parley.HeaderDeadline, 0)...)
	m.Body, m.ContentType, m.CorrelationID, m.ReplyTo = []byte("job"), "text/plain", id, a.inbox
	a.publish(a.conn, queue, m)
}

// opened waits for the question of the service.
func (a *asker) opened(id string) *parley.Message {
	a.Helper()
	m := next(a.world, a.heard)
	require.Equal(a, "open", m.Header(parley.HeaderStreamFrame))
	require.Equal(a, id, m.CorrelationID)
	require.NotEmpty(a, m.ReplyTo)
	require.NotEmpty(a, m.Header(parley.HeaderStreamRun))
	require.NotEmpty(a, m.Header(parley.HeaderInstance))
	return m
}

// say sends a control frame to who sent open.
func (a *asker) say(open *parley.Message, kind string, pairs ...any) {
	a.Helper()
	m := frame(kind, pairs...)
	m.CorrelationID = open.CorrelationID
	a.publish(a.conn, open.ReplyTo, m)
}

// Only who knows the id, the inbox and the run can let a request run, or call it
// off: what somebody else says is a frame without a request.
func TestWhoCanCallARequestOff(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, k, a := w.app(), newWorker(), newAsker(w)
		service.Subscriber(w.at("work"), k.work)
		w.start(service)
		a.ask(w.at("work"), "id-1")
		open := a.opened("id-1")
		strange := *open
		strange.CorrelationID = "id-2"
		a.say(&strange, "credit", parley.HeaderStreamCredit, 1)
		a.say(open, "credit", parley.HeaderStreamCredit, 1, parley.HeaderStreamRun, "another")
		a.say(open, "cancel", parley.HeaderStreamRun, "another")
		a.say(&strange, "cancel")
		w.late(service, 2)
		nothing(w, k.begun)
		require.Zero(w, service.Stats().Cancelled)

		a.say(open, "credit", parley.HeaderStreamCredit, 1, parley.HeaderStreamRun, open.Header(parley.HeaderStreamRun))
		require.Equal(w, "job", next(w, k.begun))
		a.say(open, "cancel", parley.HeaderStreamRun, "another")
		a.say(&strange, "cancel")
		w.late(service, 4)
		nothing(w, k.causes)
		a.say(open, "cancel")
		w.gaveUp(next(w, k.causes))
		w.cancelled(service, 1)
		noFrame(w, a.heard)
	})
}

// A caller whose process has ended cannot be asked: its request is not run.
func TestTheRequestOfADeadCallerIsNotRun(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, k, a := w.app(), newWorker(), newAsker(w)
		queue := w.app()
		queue.Subscriber(w.at("work"), func(string) {})
		w.start(queue)
		require.NoError(w, queue.Stop(w.ctx()))
		a.ask(w.at("work"), "id-1")
		require.NoError(w, a.conn.Close(w.ctx()))
		service.Subscriber(w.at("work"), k.work)
		w.start(service)
		w.cancelled(service, 1)
		nothing(w, k.begun)
		w.depth(w.at("work"), 0)
		w.logged("the caller is gone") // the question came back
	})
}

// A caller that dies, or falls silent although it promised signs of life, is
// noticed by them, before its request runs and meanwhile.
func TestACallerThatFallsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.New())
		service, k, a := w.app(), newWorker(), newAsker(w)
		service.Subscriber(w.at("work"), k.work)
		w.start(service)
		beat := []any{parley.HeaderStreamBeat, 5000}
		a.ask(w.at("work"), "never", beat...)
		begun := time.Now()
		a.opened("never")
		w.cancelled(service, 1)
		require.InDelta(t, 15, time.Since(begun).Seconds(), 0.5)
		nothing(w, k.begun)
		told := next(w, a.heard)
		for told.Header(parley.HeaderStreamFrame) == "beat" {
			told = next(w, a.heard)
		}
		require.Equal(t, string(parley.CodeUnavailable), told.Header(parley.HeaderError), "it may wait all the same")

		a = newAsker(w)
		a.ask(w.at("work"), "never, without a promise")
		begun = time.Now()
		w.cancelled(service, 2)
		require.InDelta(t, 15, time.Since(begun).Seconds(), 0.5)

		a = newAsker(w)
		a.ask(w.at("work"), "once", beat...)
		a.say(a.opened("once"), "credit", parley.HeaderStreamCredit, 1)
		next(w, k.begun)
		begun = time.Now()
		require.Equal(t, parley.CodeCanceled, parley.CodeOf(next(w, k.causes)))
		require.InDelta(t, 15, time.Since(begun).Seconds(), 0.5)

		a = newAsker(w)
		a.ask(w.at("work"), "dies")
		a.say(a.opened("dies"), "credit", parley.HeaderStreamCredit, 1)
		next(w, k.begun)
		begun = time.Now()
		require.NoError(t, a.conn.Close(w.ctx()))
		require.Equal(t, parley.CodeCanceled, parley.CodeOf(next(w, k.causes)))
		require.LessOrEqual(t, time.Since(begun), 6*time.Second)
	})
}

// A caller that lives and waits is not taken for silent.
func TestALongCancellableRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.New())
		app := w.app()
		app.Subscriber(w.at("work"), func(ctx context.Context, s string) (string, error) {
			select {
			case <-time.After(10 * time.Minute):
				return s, nil
			case <-ctx.Done():
				return "", context.Cause(ctx)
			}
		})
		p := app.Publisher(w.at("work"))
		w.start(app)
		got, err := parley.Request[string](t.Context(), p, "job", parley.Cancellable(), parley.NoTimeout())
		require.NoError(t, err)
		require.Equal(t, "job", got)
	})
}

// What such a request says, and that one without the option says nothing of it.
func TestWhatACancellableRequestSays(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s, app := newStage(w), w.app()
		p := app.Publisher(w.at("raw"))
		w.start(app)
		done := w.callIn(w.ctx(), p, "job")
		m := next(w, s.requests)
		require.Equal(w, "request", m.Header(parley.HeaderStreamFrame))
		require.EqualValues(w, 0, m.Headers[parley.HeaderStreamCredit])
		require.EqualValues(w, 5000, m.Headers[parley.HeaderStreamBeat])
		require.NotZero(w, m.Headers[parley.HeaderDeadline])
		// A service that asks nothing answers as ever.
		reply := &parley.Message{Body: []byte("done"), ContentType: "text/plain"}
		s.say(m, reply)
		require.Equal(w, called{"done", nil}, next(w, done))

		ctx, cancel := context.WithCancel(w.ctx())
		done = w.callIn(ctx, p, "job")
		m = next(w, s.requests)
		s.open(m, "a")
		credit := next(w, s.control)
		require.Equal(w, "credit", credit.Header(parley.HeaderStreamFrame))
		require.EqualValues(w, 1, credit.Headers[parley.HeaderStreamCredit])
		require.Equal(w, "a", credit.Header(parley.HeaderStreamRun))
		cancel()
		require.Error(w, next(w, done).err)
		s.cancelled(m)
		// A service that asks when it is too late is told so.
		s.open(m, "b")
		s.cancelled(m)

		go func() { _, _ = parley.Request[string](w.ctx(), p, "job") }()
		m = next(w, s.requests)
		for name := range m.Headers {
			require.Equal(w, parley.HeaderDeadline, name)
		}
		s.say(m, &parley.Message{Body: []byte("done"), ContentType: "text/plain"})
	})
}

// When a loop ends, those that still work are told; of one process each by
// itself.
func TestTheLosersOfAGatherAreCancelled(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		slow, same := newWorker(), newWorker()
		twice := w.app()
		for name, k := range map[string]*worker{"a": slow, "b": same} {
			twice.Subscriber(name, k.work, shopsOf(w)...)
		}
		w.start(twice)
		fast := w.app()
		go1 := make(chan struct{})
		fast.Subscriber("fast", func(s string) string { <-go1; return s }, shopsOf(w)...)
		w.start(fast)
		_, shops := w.customer(parley.Cancellable())
		done := make(chan error, 1)
		go func() {
			all, err := parley.GatherAll[string](w.ctx(), shops, "job", parley.Expect(1))
			if err == nil && (len(all) != 1 || all[0].Value != "job") {
				err = parley.NewError(parley.CodeInternal, "wrong answer")
			}
			done <- err
		}()
		next(w, slow.begun)
		next(w, same.begun)
		close(go1)
		require.NoError(w, next(w, done))
		w.gaveUp(next(w, slow.causes))
		w.gaveUp(next(w, same.causes))
		w.cancelled(twice, 2)
		require.Zero(w, fast.Stats().Cancelled)
	})
}
