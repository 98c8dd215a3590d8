package parley_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

type failure struct{}

func (*failure) Error() string { return "" }

func fine(string) {}

// swapped is func(string) (error, string), which no linter lets stand.
var swapped = reflect.FuncOf(
	[]reflect.Type{reflect.TypeFor[string]()},
	[]reflect.Type{reflect.TypeFor[error](), reflect.TypeFor[string]()}, false,
)

// declared returns what is wrong with one declaration.
func declared(t *testing.T, declare func(app *parley.App), opts ...parley.Option) error {
	t.Helper()
	app := parley.New(memory.New(), opts...)
	declare(app)
	err := app.Err()
	if err != nil {
		require.Equal(t, err.Error(), app.Start(t.Context()).Error(), "Start returns what Err does")
	}
	return err
}

func TestRegistrationErrors(t *testing.T) {
	t.Parallel()
	events := topology.Topic("events")
	cases := map[string]struct {
		declare func(app *parley.App)
		want    []string // in this order
	}{
		"nil handler": {
			func(app *parley.App) { app.Subscriber("a", nil) },
			[]string{`parley: subscriber "a" (registration_test.go:`, "handler", "wanted", "function", "nil"},
		},
		"nil function": {
			func(app *parley.App) { app.Subscriber("a", (func(string))(nil)) },
			[]string{`subscriber "a"`, "wanted", "nil"},
		},
		"no function": {
			func(app *parley.App) { app.Subscriber("a", 7) },
			[]string{`subscriber "a"`, "wanted", "function", "int"},
		},
		"variadic": {
			func(app *parley.App) { app.Subscriber("a", func(...string) {}) },
			[]string{`subscriber "a"`, "wanted", "...string", "hint"},
		},
		"own error type": {
			func(app *parley.App) { app.Subscriber("a", func(string) (string, *failure) { return "", nil }) },
			[]string{`subscriber "a"`, "wanted", "error", "*parley_test.failure", "hint"},
		},
		"error not last": {
			func(app *parley.App) { app.Subscriber("a", reflect.MakeFunc(swapped, nil).Interface()) },
			[]string{`subscriber "a"`, "wanted", "error"},
		},
		"three results": {
			func(app *parley.App) { app.Subscriber("a", func() (int, int, error) { return 0, 0, nil }) },
			[]string{`subscriber "a"`, "wanted", "(int, int, error)"},
		},
		"parameter without a resolver": {
			func(app *parley.App) { app.Subscriber("a", func(_ context.Context, _ string, _ *failure) {}) },
			[]string{`subscriber "a"`, "wanted", "*parley_test.failure"},
		},
		"many replies": {
			func(app *parley.App) { app.Subscriber("a", func(string) iter.Seq2[int, string] { return nil }) },
			[]string{`subscriber "a"`, "wanted iter.Seq2[T, error]", "got iter.Seq2"},
		},
		"empty address": {
			func(app *parley.App) { app.Subscriber("", fine) },
			[]string{"subscriber", "wanted", "an address", "hint"},
		},
		"template without an exchange": {
			func(app *parley.App) { app.Subscriber("orders.{tenant}", fine) },
			[]string{"wanted", "{parameters}", "hint", "topology.Topic"},
		},
		"malformed template": {
			func(app *parley.App) { app.Subscriber("orders.{}.x", fine, parley.From(events)) },
			[]string{"wanted", "hint", "name"},
		},
		"no queue name and no app name": {
			func(app *parley.App) { app.Subscriber("orders.*", fine, parley.From(events)) },
			[]string{"wanted", "queue name", "app name", "hint", "parley.Info"},
		},
		"broadcast without an exchange": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.Broadcast()) },
			[]string{"wanted", "exchange", "broadcast", "hint", "topology.Fanout"},
		},
		"another one's error queue": {
			func(app *parley.App) { app.Subscriber("a.error", fine) },
			[]string{"wanted", `"a.error"`, "hint", "ErrorQueueReader"},
		},
		"path that the address does not have": {
			func(app *parley.App) {
				app.Subscriber("orders.{tenant}", func(struct {
					Shop string `path:"shop"`
				}) {
				}, parley.From(events, topology.Queue("q")))
			},
			[]string{"wanted", "shop", "tenant"},
		},
		"prefetch 0": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.Prefetch(0)) },
			[]string{"wanted", "prefetch", "got 0", "hint"},
		},
		"prefetch below the concurrency": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.Prefetch(2), parley.Concurrency(3)) },
			[]string{"wanted", "3", "got 2", "hint"},
		},
		"concurrency 0": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.Concurrency(0)) },
			[]string{"wanted", "concurrency", "hint"},
		},
		"publisher's template without an exchange": {
			func(app *parley.App) { app.Publisher("orders.{tenant}") },
			[]string{`publisher "orders.{tenant}" (registration_test.go:`, "wanted", "hint", "parley.To"},
		},
		"forwarded to nowhere": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.PublishTo("")) },
			[]string{`subscriber "a"`, `PublishTo("")`, "wanted", "hint"},
		},
		"app option on a router": {
			func(app *parley.App) { app.Include(parley.NewRouter("r", parley.FailFast())) },
			[]string{`router "r" (registration_test.go:`, "wanted", "parley.FailFast()", "hint", "parley.New"},
		},
		"nil router": {
			func(app *parley.App) { app.Include(nil) },
			[]string{"include (registration_test.go:", "wanted", "nil"},
		},
		"name too long": {
			func(app *parley.App) { app.Subscriber(strings.Repeat("x", 250), fine) },
			[]string{"wanted", "249", "got 250", "hint"},
		},
		"quorum queue for one connection": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.From(topology.Quorum(), topology.Exclusive())) },
			[]string{"wanted", "durable", "quorum", "hint"},
		},
		"headers exchange without a match": {
			func(app *parley.App) {
				app.Subscriber("a", fine, parley.From(topology.Headers("h"), topology.Queue("q")))
			},
			[]string{"wanted", "header", "hint", "BindHeaders"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := declared(t, c.declare)
			require.Error(t, err)
			_, ok := errors.AsType[*parley.RegistrationError](err)
			require.True(t, ok)
			rest := err.Error()
			for _, want := range c.want {
				i := strings.Index(rest, want)
				require.GreaterOrEqual(t, i, 0, "wanted %q in the rest of: %s", want, err)
				rest = rest[i+len(want):]
			}
			for line := range strings.SplitSeq(err.Error(), "\n") {
				require.True(t, strings.HasPrefix(line, "parley: "), "each fault is one line: %q", line)
			}
		})
	}
}

func TestAllRegistrationErrorsComeTogether(t *testing.T) {
	t.Parallel()
	err := declared(t, func(app *parley.App) {
		app.Subscriber("a", nil)
		app.Subscriber("b", func(...string) {})
		app.Subscriber("fine", fine)
		app.Publisher("c.{d}")
	})
	for _, part := range []string{`"a"`, `"b"`, `"c.{d}"`} {
		require.ErrorContains(t, err, part)
	}
	require.Equal(t, 3, strings.Count(err.Error(), "parley: "))
}

func TestDuplicateNamesBothPlaces(t *testing.T) {
	t.Parallel()
	orders := topology.Topic("orders")
	err := declared(t, func(app *parley.App) {
		app.Subscriber("a", fine)
		r := parley.NewRouter("")
		r.Subscriber("a", fine)
		app.Include(r)
	})
	require.Equal(t, 2, strings.Count(err.Error(), "registration_test.go:"))
	require.ErrorContains(t, err, `"a"`)

	require.Error(t, declared(t, func(app *parley.App) {
		app.Subscriber("x.*", fine, parley.From(orders, topology.Queue("q")))
		app.Subscriber("y.*", fine, parley.From(orders, topology.Queue("q")))
	}), "a duplicate is a second subscriber of one queue, whatever the address")
	require.NoError(t, declared(t, func(app *parley.App) {
		app.Subscriber("x.*", fine, parley.From(orders, topology.Queue("p")))
		app.Subscriber("x.*", fine, parley.From(orders, topology.Queue("q")))
		app.Subscriber("x.*", fine, parley.From(orders), parley.Broadcast())
		app.Subscriber("x.*", fine, parley.From(orders), parley.Broadcast())
	}, parley.Info("shop", "")), "queues of their own are no duplicates")
}

func TestNativeDeliveryIsRefused(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Natives(rabbitmq.NativeMessages()))
	app.Subscriber("a", nativeHandler)
	err := app.Err()
	for _, part := range []string{"amqp091.Delivery", "*parley.Message"} {
		require.ErrorContains(t, err, part)
	}
}

func TestRouterThatContainsItself(t *testing.T) {
	t.Parallel()
	err := declared(t, func(app *parley.App) {
		a, b := parley.NewRouter("a"), parley.NewRouter("b")
		a.Include(b)
		b.Include(a)
		app.Include(a)
	})
	require.ErrorContains(t, err, "circle")
}

func TestHandlersThatAreLegal(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New())
	s := &service{}
	for i, fn := range []any{
		func() {}, func(context.Context) {}, func() error { return nil }, func() string { return "" },
		func(context.Context, order) (*order, error) { return nil, nil },
		func(*order) map[string]int { return nil }, func([]order) []byte { return nil },
		func(*parley.Message) (*parley.Message, error) { return nil, nil },
		func(context.Context, parley.NoBody) parley.Response[order] { return parley.Response[order]{} },
		func(any) any { return nil }, s.Place, s.Change, generic[order], fine,
	} {
		app.Subscriber("a"+string(rune('a'+i)), fn)
	}
	require.NoError(t, app.Err())
}

type service struct{}

func (service) Place(_ context.Context, o order) (order, error) { return o, nil }
func (*service) Change(order)                                   {}

func generic[T any](v T) T { return v }
