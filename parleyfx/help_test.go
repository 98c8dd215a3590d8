package parleyfx_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

// base is a service without handlers, on memory.
func base(opts ...parley.Option) fx.Option {
	return fx.Options(
		parleyfx.Module(append([]parley.Option{parley.Info("test", "1.0.0")}, opts...)...),
		fx.Provide(
			func() transport.Transport { return memory.New() },
			func() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) },
		),
	)
}

// start runs a service until the test ends.
func start(t *testing.T, opts ...fx.Option) {
	t.Helper()
	app := fxtest.New(t, append([]fx.Option{base()}, opts...)...)
	app.RequireStart()
	t.Cleanup(app.RequireStop)
}

// refused returns what fx.New says about a service.
func refused(t *testing.T, opts ...fx.Option) string {
	t.Helper()
	err := fx.New(append([]fx.Option{base(), fx.NopLogger}, opts...)...).Err()
	require.Error(t, err)
	return err.Error()
}

// inOrder requires the fragments to stand in text one after the other.
func inOrder(t *testing.T, text string, fragments ...string) {
	t.Helper()
	rest := text
	for _, f := range fragments {
		_, after, found := strings.Cut(rest, f)
		require.True(t, found, "wanted %q in order in: %s", f, text)
		rest = after
	}
}

// greeter is a receiver with a dependency.
type greeter struct{ words *words }

type words struct{ greeting string }

func newWords() *words { return &words{"hello"} }

func newGreeter(w *words) *greeter { return &greeter{w} }

func (g *greeter) Greet(_ context.Context, name string) string {
	return g.words.greeting + " " + name
}

func (g *greeter) quietly(_ context.Context, name string) string { return name }

// Value has a method of its own, not of its pointer.
type Value struct{}

func (Value) Greet(context.Context, string) string { return "" }

// polite is what some handlers ask the container for.
type polite interface{ phrase() string }

func (w *words) phrase() string { return w.greeting }

func ask(t *testing.T, app *parley.App, p *parley.Publisher, body any) string {
	t.Helper()
	require.NotNil(t, app)
	answer, err := parley.Request[string](t.Context(), p, body)
	require.NoError(t, err)
	return answer
}
