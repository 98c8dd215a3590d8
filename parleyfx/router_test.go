package parleyfx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
)

func addresses(app *parley.App) []string {
	var all []string
	for _, o := range app.Operations() {
		all = append(all, o.Address)
	}
	return all
}

func hello(_ context.Context, name string) string { return "hello " + name }

func TestARouterForEachModule(t *testing.T) {
	t.Parallel()
	var app *parley.App
	var outer asker
	start(t,
		fx.Module("one",
			parleyfx.Router("one", parley.Concurrency(3)),
			parleyfx.Subscriber("greet", hello),
			parleyfx.Publisher("greet"),
			fx.Invoke(func(a asker) { outer = a }),
		),
		fx.Module("two",
			parleyfx.Router("two"),
			fx.Module("nested", parleyfx.Subscriber("greet", hello)),
			fx.Invoke(func(r *parley.Router) { r.Subscriber("by-hand", hello) }),
		),
		parleyfx.Subscriber("greet", hello),
		fx.Populate(&app),
	)
	require.ElementsMatch(t, []string{"greet", "one.greet", "one.greet", "two.greet", "two.by-hand"}, addresses(app))
	for _, o := range app.Operations() {
		if o.Address == "one.greet" && o.Action == parley.Receive {
			require.Equal(t, 3, o.Concurrency)
		}
	}
	require.Equal(t, "hello ann", ask(t, outer.App, outer.P, "ann"))
}

func TestRoutersNestWithTheirModules(t *testing.T) {
	t.Parallel()
	var app *parley.App
	start(t,
		fx.Module("outer",
			parleyfx.Router("outer"),
			fx.Module("inner",
				parleyfx.Router("inner"),
				parleyfx.Subscriber("greet", hello),
			),
		),
		fx.Populate(&app),
	)
	require.Equal(t, []string{"outer.inner.greet"}, addresses(app))
}

// An fx.Option is a value that several applications may be made of.
func TestOneOptionServesSeveralApplications(t *testing.T) {
	t.Parallel()
	module := fx.Module("one", parleyfx.Router("one"), parleyfx.Subscriber("greet", hello))
	for range 2 {
		var app *parley.App
		start(t, module, fx.Populate(&app))
		require.Equal(t, []string{"one.greet"}, addresses(app))
	}
}

func TestAMisplacedOptionOfARouter(t *testing.T) {
	t.Parallel()
	text := refused(t, fx.Module("one", parleyfx.Router("one", parley.FailFast()), parleyfx.Subscriber("greet", hello)))
	inOrder(t, text, `router "one" (router_test.go:`, "parley.FailFast()")
}
