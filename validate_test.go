package parley_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Structs are validated wherever they are: alone, behind pointers, in slices
// and maps.
func TestValidationReachesStructs(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("slice"), func([]item) {})
		app.Subscriber(w.at("pointers"), func([]*item) {})
		app.Subscriber(w.at("map"), func(map[string]item) {})
		app.Subscriber(w.at("deep"), func(map[string][]item) {})
		app.Subscriber(w.at("pointer"), func(*item) {})
		app.Subscriber(w.at("typed"), parley.Func(func(_ context.Context, i item) (int, error) { return i.Qty, nil }))
		sends := map[string]any{
			"slice": []item{{1}, {0}}, "pointers": []*item{{1}, {0}}, "map": map[string]item{"a": {0}},
			"deep": map[string][]item{"a": {{1}, {0}}}, "pointer": &item{0}, "typed": item{0},
		}
		wants := map[string]string{
			"slice": "[1].qty", "pointers": "[1].qty", "map": "[a].qty", "deep": "[a][1].qty", "pointer": "qty", "typed": "qty",
		}
		publishers := map[string]*parley.Publisher{}
		for name := range sends {
			publishers[name] = app.Publisher(w.at(name))
		}
		w.start(app)
		for name, p := range publishers {
			_, err := p.Request(w.ctx(), sends[name])
			require.Equal(w, parley.CodeInvalidArgument, parley.CodeOf(err), name)
			require.ErrorContains(w, err, wants[name]+`: rule "gt=0" failed for an integer`, name)
		}
		n, err := parley.Request[int](w.ctx(), publishers["typed"], item{3})
		require.NoError(w, err)
		require.Equal(w, 3, n)
	})
}

type wrapped[T any] struct {
	Body T `json:"body"`
}

// The name of a generic type is no part of the path, nor are its arguments.
func TestValidationPathInGenerics(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New())
	app.Subscriber("wrapped", func(wrapped[item]) {})
	err := app.Operations()[0].Check(&parley.Message{Body: []byte(`{"body": {"qty": 0}}`), ContentType: "application/json"}, nil)
	require.ErrorContains(t, err, `: body.qty: rule "gt=0"`)
}
