package parleyfx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
)

// asker asks the service under test.
type asker struct {
	fx.In

	App *parley.App
	P   *parley.Publisher `name:"greet"`
}

func TestTheReceiverComesFromTheContainer(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]any{
		"exported":   (*greeter).Greet,
		"unexported": (*greeter).quietly,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a asker
			start(t, fx.Provide(newWords, newGreeter), parleyfx.Subscriber("greet", handler), parleyfx.Publisher("greet"), fx.Populate(&a))
			require.Contains(t, ask(t, a.App, a.P, "ann"), "ann")
		})
	}
}

type generic[T any] struct{ value T }

func (g *generic[T]) Get(context.Context, string) T { return g.value }

func TestGenericReceiver(t *testing.T) {
	t.Parallel()
	var a asker
	start(t, fx.Supply(&generic[string]{"yes"}), parleyfx.Subscriber("greet", (*generic[string]).Get), parleyfx.Publisher("greet"), fx.Populate(&a))
	require.Equal(t, "yes", ask(t, a.App, a.P, ""))
}

func TestAReceiverMayBeAnInterface(t *testing.T) {
	t.Parallel()
	var a asker
	start(t,
		fx.Provide(newWords, func(w *words) interfaced { return &implementation{w} }),
		parleyfx.Subscriber("greet", interfaced.Handle), parleyfx.Publisher("greet"), fx.Populate(&a))
	require.Equal(t, "hello ann", ask(t, a.App, a.P, "ann"))
}

type interfaced interface {
	Handle(ctx context.Context, name string) string
}

type implementation struct{ words *words }

func (i *implementation) Handle(_ context.Context, name string) string {
	return i.words.greeting + " " + name
}

func TestParamsComeFromTheContainer(t *testing.T) {
	t.Parallel()
	var a asker
	greet := func(_ context.Context, name string, w *words, p polite, f func() string) string {
		return w.greeting + p.phrase() + f() + name
	}
	start(t,
		fx.Provide(newWords, func(w *words) polite { return w }, func() func() string { return func() string { return "," } }),
		parleyfx.Subscriber("greet", greet), parleyfx.Publisher("greet"), fx.Populate(&a))
	require.Equal(t, "hellohello,ann", ask(t, a.App, a.P, "ann"))
}

func TestAResolverWinsOverTheContainer(t *testing.T) {
	t.Parallel()
	var a asker
	resolver := parley.Param(func(m *parley.Message) *words { return &words{"resolved"} })
	start(t, fx.Provide(newWords, newGreeter),
		parleyfx.Subscriber("greet", func(_ context.Context, name string, w *words) string { return w.greeting }, resolver),
		parleyfx.Publisher("greet"), fx.Populate(&a))
	require.Equal(t, "resolved", ask(t, a.App, a.P, "ann"))
}

func TestAValueTypeMayBeResolved(t *testing.T) {
	t.Parallel()
	var a asker
	resolver := parley.Param(func(*parley.Message) words { return words{"resolved"} })
	start(t,
		parleyfx.Subscriber("greet", func(_ context.Context, _ string, w words) string { return w.greeting }, resolver),
		parleyfx.Publisher("greet"), fx.Populate(&a))
	require.Equal(t, "resolved", ask(t, a.App, a.P, "ann"))
}

func TestAClosureOfAMethodIsNoMethod(t *testing.T) {
	t.Parallel()
	var a asker
	g := &greeter{newWords()}
	start(t, parleyfx.Subscriber("greet", g.Greet), parleyfx.Publisher("greet"), fx.Populate(&a))
	require.Equal(t, "hello ann", ask(t, a.App, a.P, "ann"))
}

func TestOperationsNameTheUsersCode(t *testing.T) {
	t.Parallel()
	var app *parley.App
	start(t, fx.Provide(newWords, newGreeter),
		parleyfx.Subscriber("second", (*greeter).Greet),
		parleyfx.Subscriber("first", (*greeter).Greet),
		fx.Populate(&app))
	ops := app.Operations()
	require.Len(t, ops, 2)
	require.Equal(t, []string{"second", "first"}, []string{ops[0].Address, ops[1].Address}, "in the order of the calls")
	require.Equal(t, "parleyfx_test.(*greeter).Greet", ops[0].Handler)
	require.Contains(t, ops[0].Site, "subscriber_test.go:")
	require.Contains(t, ops[0].HandlerSite, "help_test.go:")
}

func TestWhatCannotBeWiredIsRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		handler any
		provide fx.Option
		want    []string
	}{
		"receiver": {
			handler: (*greeter).Greet,
			want:    []string{`subscriber "greet" (subscriber_test.go:`, "handler parleyfx_test.(*greeter).Greet", "wanted its receiver *parleyfx_test.greeter from the container", "got none", "fx.Provide"},
		},
		"what the receiver needs": {
			handler: (*greeter).Greet, provide: fx.Provide(newGreeter),
			want: []string{"wanted its receiver *parleyfx_test.greeter", "and whatever that needs"},
		},
		"receiver that is a value": {
			handler: Value.Greet, provide: fx.Supply(Value{}),
			want: []string{"wanted a receiver that the container can be asked for", "the value type parleyfx_test.Value", "(*T).Method"},
		},
		"parameter": {
			handler: func(context.Context, string, *words) {},
			want:    []string{`subscriber "greet" (subscriber_test.go:`, "wanted a parameter resolver for third parameter", "none for *parleyfx_test.words", "parley.Param", "fx.Provide it"},
		},
		"parameter that is a value": {
			handler: func(context.Context, string, words) {}, provide: fx.Supply(words{}),
			want: []string{"none for parleyfx_test.words", "fx.Provide it", "as a pointer, interface, func, map or slice"},
		},
		"no function": {handler: 41, want: []string{`subscriber "greet" (subscriber_test.go:`, "wanted a handler function, got int"}},
		"nil":         {handler: nil, want: []string{"wanted a handler function, got nil"}},
		"nil function": {
			handler: (func())(nil),
			want:    []string{"wanted a handler function, got a nil func()"},
		},
		"signature": {
			handler: func(context.Context, ...string) {},
			want:    []string{"wanted a fixed number of parameters"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.provide == nil {
				c.provide = fx.Options()
			}
			inOrder(t, refused(t, c.provide, parleyfx.Subscriber("greet", c.handler)), c.want...)
		})
	}
}

func TestAllFaultsAreReported(t *testing.T) {
	t.Parallel()
	text := refused(t,
		parleyfx.Subscriber("a", (*greeter).Greet),
		parleyfx.Subscriber("b", 41),
		parleyfx.Subscriber("c.{x}", func(string) {}))
	for _, address := range []string{`"a"`, `"b"`, `"c.{x}"`} {
		require.Contains(t, text, "subscriber "+address+" (subscriber_test.go:")
	}
}

// An error of a constructor is the constructor's, not a missing value.
func TestAConstructorThatFails(t *testing.T) {
	t.Parallel()
	text := refused(t,
		fx.Provide(func() (*greeter, error) { return nil, context.DeadlineExceeded }),
		parleyfx.Subscriber("greet", (*greeter).Greet))
	require.Contains(t, text, context.DeadlineExceeded.Error())
}
