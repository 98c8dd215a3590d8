package parley_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

func TestClient(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("double"), func(n int) (int, error) {
			if n < 0 {
				return 0, parley.NewError(parley.CodeOutOfRange, "below 0")
			}
			return 2 * n, nil
		})
		answers := make(chan int, 10)
		app.Subscriber(w.at("answers"), func(n int) { answers <- n })
		double := parley.NewClient[int, int](app, w.at("double"), parley.Type("number"))
		w.start(app)

		got, err := double.Call(w.ctx(), 4)
		require.NoError(w, err)
		require.Equal(w, 8, got)
		_, err = double.Call(w.ctx(), -1)
		require.EqualError(w, err, "remote error: out_of_range: below 0")
		got, err = double.Go(w.ctx(), 5).Wait(w.ctx())
		require.NoError(w, err)
		require.Equal(w, 10, got)
		require.NoError(w, double.Send(w.ctx(), 6, parley.ReplyTo(w.at("answers"))))
		require.Equal(w, 12, next(w, answers))
		require.Equal(w, w.at("double"), double.Address())
	})
}

func TestClientWithoutBodies(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := make(chan *parley.Message, 10)
		app.Subscriber(w.at("done"), func(m *parley.Message) { got <- m })
		app.Subscriber(w.at("words"), func(m *parley.Message) string { got <- m; return "not read" })
		done := parley.NewClient[string, parley.NoBody](app, w.at("done"))
		words := parley.NewClient[parley.NoBody, parley.NoBody](app, w.at("words"))
		w.start(app)
		_, err := done.Call(w.ctx(), "x")
		require.NoError(w, err, "an answer without a value is one")
		require.Equal(w, "x", string(next(w, got).Body))
		_, err = words.Call(w.ctx(), parley.NoBody{})
		require.NoError(w, err, "whatever the answer is")
		m := next(w, got)
		require.Empty(w, m.Body)
		require.Empty(w, m.ContentType)
		_, err = parley.NewClient[parley.NoBody, string](app, w.at("done")).Call(w.ctx(), parley.NoBody{})
		require.ErrorIs(w, err, parley.ErrNoValue)
	})
}

func TestClientOfARouter(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		router := parley.NewRouter(w.at("numbers"))
		router.Subscriber("double", func(n int) int { return 2 * n })
		double := parley.NewClient[int, int](router, "double")
		_, err := double.Call(w.ctx(), 1)
		require.ErrorIs(w, err, parley.ErrNotStarted)
		app := w.app()
		app.Include(router)
		w.start(app)
		got, err := double.Call(w.ctx(), 4)
		require.NoError(w, err)
		require.Equal(w, 8, got)
		require.Equal(w, "double", double.Address())
	})
}

// What may be sent is what was declared: of an interface, all that implements it.
func TestPayloadOfAnInterface(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		bodies := make(chan string, 10)
		app.Subscriber(w.at("q"), func(body []byte) { bodies <- string(body) })
		clocks := app.Publisher(w.at("q"), parley.Payload[clock]())
		whatever := parley.NewClient[any, any](app, w.at("q"))
		w.start(app)
		require.NoError(w, clocks.Publish(w.ctx(), stopped("noon")))
		require.Equal(w, "noon", next(w, bodies))
		err := clocks.Publish(w.ctx(), "noon")
		require.ErrorIs(w, err, parley.ErrNotSent)
		require.ErrorContains(w, err, "wanted a value of type parley_test.clock, got string")
		require.NoError(w, whatever.Send(w.ctx(), 7))
		require.Equal(w, "7", next(w, bodies))
		require.NoError(w, whatever.Send(w.ctx(), nil))
		require.Empty(w, next(w, bodies))
	})
}

func TestClientRegistrationErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		declare func(app *parley.App)
		want    []string
	}{
		"request": {
			func(app *parley.App) { parley.NewClient[chan int, string](app, "a") },
			[]string{`publisher "a" (client_test.go:`, "wanted a payload that can be encoded, got chan int", "hint"},
		},
		"answer": {
			func(app *parley.App) { parley.NewClient[string, io.Reader](app, "a") },
			[]string{`publisher "a" (client_test.go:`, "wanted an answer of a concrete type, got io.Reader", "hint"},
		},
		"address": {
			func(app *parley.App) { parley.NewClient[string, string](app, "a.{b}") },
			[]string{`publisher "a.{b}" (client_test.go:`, "wanted", "hint"},
		},
		"publisher": {
			func(app *parley.App) { app.Publisher("a", parley.Payload[func()]()) },
			[]string{`publisher "a" (client_test.go:`, "wanted a payload that can be encoded, got func()"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := declared(t, c.declare)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	err := declared(t, func(app *parley.App) {
		client := parley.NewClient[chan int, chan string](app, "a")
		_, err := client.Call(context.Background(), nil)
		require.ErrorIs(t, err, parley.ErrNotStarted, "before the app is compiled")
	})
	require.ErrorContains(t, err, "payload")
	require.ErrorContains(t, err, "answer")
}
