package parleyotel_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// sum reads a client stream and gives its error back.
func sum(parts iter.Seq2[int, error]) (int, error) {
	n := 0
	for p, err := range parts {
		if err != nil {
			return n, err
		}
		n += p
	}
	return n, nil
}

// blind reads one without seeing why it ends.
func blind(ctx context.Context, parts iter.Seq[int]) int {
	n := 0
	for p := range parts {
		n += p
	}
	return n
}

// ran asserts how the one run of a handler ended, in its span and its
// measurement.
func (w *world) ran(address, errorType string) {
	w.Helper()
	require.Regexp(w, "^(  )?server process "+address+" #1 !"+errorType+" sent [0-9]+ received [0-9]+\n$", w.traces(1))
	require.Equal(w, []string{errorType + " " + address + " process 1"}, w.points(w.collect()["messaging.process.duration"]))
	w.holdsNoSecret()
}

// What a client does to its items is the end of the handler's run.
func TestWhatClientsDoToTheirItems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sees, blind string
		say         func(say tell)
	}{
		"a gap": {"data_loss", "data_loss", func(say tell) { say("item", 1); say("item", 3) }},
		"a cut": {"data_loss", "data_loss", func(say tell) { say("item", 1); say("end", 3) }},
		"too many": {"resource_exhausted", "resource_exhausted", func(say tell) {
			for i := range 300 {
				say("item", i+1)
			}
		}},
		"a misfit":  {"invalid_argument", "invalid_argument", func(say tell) { say("misfit", 1) }},
		"an error":  {"canceled", "canceled", func(say tell) { say("item", 1); say("error", 2, parley.HeaderError, "not_found") }},
		"it leaves": {"canceled", "canceled", func(say tell) { say("item", 1); say("cancel", 0) }},
		"silence":   {"canceled", "canceled", func(say tell) { say("item", 1) }},
	} {
		for handler, fn := range map[string]any{"sees": sum, "blind": blind} {
			t.Run(name+", "+handler, func(t *testing.T) {
				t.Parallel()
				everywhere(t, func(w *world) {
					app, client := w.app(), w.peer()
					hold := make(chan struct{})
					app.Use(held(hold))
					app.Subscriber(w.at("q"), fn)
					w.start(app)
					beat := seldom
					if name == "silence" {
						beat = 1000
					}
					client.tell(w.at("q"), "s", "request", 0, parley.HeaderStreamBeat, beat, parley.HeaderDeadline, 0)
					open := next(w, client.heard)
					c.say(func(kind string, seq int, pairs ...any) { client.tell(open.ReplyTo, "s", kind, seq, pairs...) })
					close(hold)
					want := c.sees
					if handler == "blind" {
						want = c.blind
					}
					w.ran("q", want)
				})
			})
		}
	}
}

// held lets runs begin when hold is closed.
func held(hold <-chan struct{}) parley.HandleMiddleware {
	return func(next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			<-hold
			return next(ctx, m)
		}
	}
}

// What a handler, its reader and its service do to the items that it sends.
func TestHowHandlersOfStreamsEnd(t *testing.T) {
	t.Parallel()
	// endless sends until it may not.
	endless := func(ctx context.Context, _ int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := 1; yield(i, nil); i++ {
			}
		}
	}
	fails := func(err error) func(int) iter.Seq2[int, error] {
		return func(int) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, err) }
		}
	}
	for name, c := range map[string]struct {
		errorType string
		handler   any
		opts      []parley.SubscriberOption
		headers   parley.Headers
	}{
		"its own code":   {"aborted", fails(parley.NewError(parley.CodeAborted, "secret text")), nil, nil},
		"a plain error":  {"unknown", fails(errors.New("secret text")), nil, nil},
		"a code made up": {"_OTHER", fails(parley.NewError("made_up", "secret text")), nil, nil},
		"a panic":        {"internal", func(int) iter.Seq[int] { return func(yield func(int) bool) { yield(1); panic("secret text") } }, nil, nil},
		"its time":       {"deadline_exceeded", endless, []parley.SubscriberOption{parley.HandlerTimeout(50 * time.Millisecond)}, nil},
		"silence":        {"canceled", endless, nil, parley.Headers{parley.HeaderStreamBeat: 1000}},
		"no credit":      {"resource_exhausted", endless, nil, parley.Headers{parley.HeaderStreamCredit: nil, parley.HeaderStreamFrame: nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(w *world) {
				app := w.app()
				app.Subscriber(w.at("q"), c.handler, c.opts...)
				w.start(app)
				w.asks(w.at("q"), c.headers)
				w.ran("q", c.errorType)
			})
		})
	}
}

// asks asks for a stream and grants 5 items of it. Headers that are nil are left
// out. The first frames are in heard.
func (w *world) asks(queue string, headers parley.Headers) (heard <-chan *parley.Message, hangUp func()) {
	w.Helper()
	frames := make(chan *parley.Message, 100)
	conn, inbox := w.link(func(m *parley.Message) {
		select {
		case frames <- m:
		default:
		}
	})
	m := &parley.Message{
		Body: []byte("1"), ContentType: "application/json", CorrelationID: "s", ReplyTo: inbox,
		Headers: parley.Headers{parley.HeaderStreamFrame: "request", parley.HeaderStreamCredit: 5},
	}
	for name, value := range headers {
		if m.Headers[name] = value; value == nil {
			delete(m.Headers, name)
		}
	}
	w.raw(queue, m)
	once := make(chan struct{}, 1)
	hangUp = func() {
		select {
		case once <- struct{}{}:
			w.unlink(conn)
		default:
		}
	}
	w.Cleanup(hangUp)
	return frames, hangUp
}

func TestAReaderThatDiedIsNamed(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		begun, goOn := make(chan struct{}), make(chan struct{})
		app.Subscriber(w.at("q"), func(ctx context.Context, _ int, out parley.Sender[int]) error {
			close(begun)
			<-goOn
			for {
				if err := out.Send(ctx, 1); err != nil {
					return err
				}
			}
		})
		w.start(app)
		_, hangUp := w.asks(w.at("q"), nil)
		next(w, begun)
		hangUp()
		close(goOn)
		w.ran("q", "canceled")
	})
}

// hurried says that it ends sooner than it does: what has to be done by then is
// begun, and has the time that it needs.
type hurried struct {
	context.Context

	end time.Time
}

func (h hurried) Deadline() (time.Time, bool) { return h.end, true }

// A service that stops, or loses its connection, ends its streams.
func TestServicesThatEndTheirStreams(t *testing.T) {
	t.Parallel()
	waits := func(ctx context.Context, _ int, out parley.Sender[int]) error {
		if err := out.Send(ctx, 1); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	}
	t.Run("it stops", func(t *testing.T) {
		t.Parallel()
		everywhere(t, func(w *world) {
			service, client := w.app(), w.plain()
			service.Subscriber(w.at("q"), waits)
			p := client.Publisher(w.at("q"))
			require.NoError(w, service.Start(w.ctx()))
			w.start(client)
			stopped := make(chan error, 1)
			err := read(parley.Stream[int](w.ctx(), p, 1), func() {
				go func() { stopped <- service.Stop(hurried{w.ctx(), time.Now().Add(time.Second)}) }()
			})
			require.ErrorIs(w, err, parley.NewError(parley.CodeUnavailable, ""))
			require.NoError(w, next(w, stopped))
			w.ran("q", "unavailable")
		})
	})
	t.Run("its connection is lost", func(t *testing.T) {
		t.Parallel()
		cuttable(t, func(w *world, cut func()) {
			service := w.app()
			service.Subscriber(w.at("q"), waits, parley.AckFirst())
			w.start(service)
			heard, _ := w.asks(w.at("q"), nil)
			// The reader has the same connection to lose: one that is gone before
			// its item comes has left.
			for next(w, heard).Header(parley.HeaderStreamFrame) != "item" {
			}
			cut()
			w.ran("q", "unavailable")
		})
	})
}
