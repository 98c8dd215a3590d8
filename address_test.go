package parley_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

type placed struct {
	Tenant string  `path:"tenant"`
	Trace  *string `header:"x-trace"`
	Count  int     `header:"x-count"`
	Order  order   `body:""`
}

func TestAnnotatedInput(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		exchange := topology.Topic(w.at("orders"))
		got := make(chan placed, 1)
		app.Subscriber("orders.{tenant}.place", func(_ context.Context, p placed) { got <- p }, parley.From(exchange))
		place := app.Publisher("orders.{tenant}.place", parley.To(exchange))
		w.start(app)
		failed := w.collect(strings.Join([]string{w.name, w.at("orders"), "orders.*.place.error"}, "."))

		o := order{"a", []item{{1}}}
		require.NoError(w, place.Publish(w.ctx(), o, parley.Path("tenant", "acme"), parley.Header("x-count", 3), parley.Header("x-trace", "t1")))
		p := next(w, got)
		require.Equal(w, "acme", p.Tenant)
		require.Equal(w, "t1", *p.Trace)
		require.Equal(w, 3, p.Count)
		require.Equal(w, o, p.Order)

		require.NoError(w, place.Publish(w.ctx(), o, parley.Path("tenant", "acme"), parley.Header("x-count", 1)))
		require.Nil(w, next(w, got).Trace, "a pointer field is optional")

		require.NoError(w, place.Publish(w.ctx(), o, parley.Path("tenant", "acme"), parley.Header("x-count", "many")))
		require.Contains(w, next(w, failed).Headers[parley.HeaderFailureReason], "header x-count")
		require.NoError(w, place.Publish(w.ctx(), order{"a", nil}, parley.Path("tenant", "acme"), parley.Header("x-count", 1)))
		require.Contains(w, next(w, failed).Headers[parley.HeaderFailureReason], "items")

		for _, v := range []string{"", "a.b", "*", "#"} {
			require.ErrorIs(w, place.Publish(w.ctx(), o, parley.Path("tenant", v)), parley.ErrNotSent, "%q", v)
		}
		require.ErrorIs(w, place.Publish(w.ctx(), o), parley.ErrNotSent)
		require.ErrorIs(w, place.Publish(w.ctx(), o, parley.Path("tenant", "a"), parley.Path("shop", "b")), parley.ErrNotSent)
	})
}

func TestRestParameter(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		exchange := topology.Topic(w.at("logs"))
		got := make(chan string, 1)
		app.Subscriber("logs.{rest...}", func(in struct {
			Rest string `path:"rest"`
		},
		) {
			got <- in.Rest
		}, parley.From(exchange))
		deep, bare := app.Publisher("logs.{rest...}", parley.To(exchange)), app.Publisher("logs", parley.To(exchange))
		w.start(app)
		require.NoError(w, deep.Publish(w.ctx(), 1, parley.Path("rest", "a.b.c")))
		require.Equal(w, "a.b.c", next(w, got))
		require.NoError(w, bare.Publish(w.ctx(), 1))
		require.Empty(w, next(w, got), "# stands for no word too")
	})
}

// Instances of one app share the work, another app gets its own copy, a
// broadcast reaches every instance.
func TestWhoGetsAnEvent(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		exchange := topology.Topic(w.at("events"))
		shared, other, broadcast := make(chan int, 10), make(chan int, 10), make(chan int, 10)
		instance := func() {
			app := w.app()
			app.Subscriber("e.*", func(n int) { shared <- n }, parley.From(exchange))
			app.Subscriber("e.*", func(n int) { broadcast <- n }, parley.From(exchange), parley.Broadcast())
			w.start(app)
		}
		instance()
		instance()
		audit := w.app(parley.Info(w.name+"-audit", ""))
		audit.Subscriber("e.*", func(n int) { other <- n }, parley.From(exchange))
		publisher := audit.Publisher("e.x", parley.To(exchange), parley.Mandatory())
		w.start(audit)
		require.NoError(w, publisher.Publish(w.ctx(), 1))
		require.Equal(w, 1, next(w, shared))
		require.Equal(w, 1, next(w, other))
		require.Equal(w, []int{1, 1}, []int{next(w, broadcast), next(w, broadcast)})
		nothing(w, shared)
		require.Zero(w, len(other)+len(broadcast))
	})
}

func TestRouting(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		hits := make(chan string, 10)
		app := w.app()
		subscribe := func(name, address string, values ...topology.Value) {
			app.Subscriber(address, func(int) { hits <- name }, parley.From(append(values, topology.Queue(w.at(name)))...))
		}
		direct, fanout, headers := topology.Direct(w.at("direct")), topology.Fanout(w.at("fanout")), topology.Headers(w.at("headers"))
		subscribe("direct", "k", direct)
		subscribe("bound twice", "x", direct, topology.Bind("k"), topology.Bind("l"))
		subscribe("fanout", "any", fanout)
		subscribe("headers", "any", headers, topology.BindHeaders("all", topology.Arguments{"kind": "a", "n": 1}))
		k, f, h := app.Publisher("k", parley.To(direct)), app.Publisher("z", parley.To(fanout)), app.Publisher("z", parley.To(headers))
		missing := app.Publisher("missing", parley.To(direct))
		w.start(app)

		require.NoError(w, k.Publish(w.ctx(), 1))
		require.ElementsMatch(w, []string{"direct", "bound twice"}, []string{next(w, hits), next(w, hits)})
		require.NoError(w, f.Publish(w.ctx(), 1))
		require.Equal(w, "fanout", next(w, hits))
		require.NoError(w, h.Publish(w.ctx(), 1, parley.Header("kind", "b"), parley.Header("n", 1)))
		require.NoError(w, h.Publish(w.ctx(), 1, parley.Header("kind", "a"), parley.Header("n", 1)))
		require.Equal(w, "headers", next(w, hits))
		nothing(w, hits)
		require.NoError(w, missing.Publish(w.ctx(), 1), "an event may have no subscriber")
		require.ErrorIs(w, missing.Publish(w.ctx(), 1, parley.Mandatory()), parley.ErrNoRoute)
		_, err := missing.Request(context.WithoutCancel(w.ctx()), 1, parley.NoTimeout())
		require.ErrorIs(w, err, parley.ErrNoRoute, "a request is always mandatory")
		require.ErrorContains(w, err, w.at("direct"))
	})
}

func TestRouters(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		order := make(chan string, 6)
		note := func(name string) parley.HandleMiddleware {
			return func(next parley.Handler) parley.Handler {
				return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
					order <- name
					return next(ctx, m)
				}
			}
		}
		inner := parley.NewRouter("inner", parley.Concurrency(1))
		publisher := inner.Publisher("second")
		replies := make(chan string, 1)
		inner.Subscriber("first", func(ctx context.Context, s string) error { return publisher.Publish(ctx, s+" first") })
		inner.Subscriber("second", func(s string) { replies <- s })
		inner.Use(note("inner"))
		outer := parley.NewRouter(w.at("outer"))
		outer.Use(note("outer"))
		outer.Include(inner)
		app := w.app()
		app.Include(outer)
		app.Use(note("app"))
		first := app.Publisher(w.at("outer.inner.first"))

		var addresses []string
		for _, o := range app.Operations() {
			addresses = append(addresses, string(o.Action)+" "+strings.TrimPrefix(o.Address, w.at("")))
			if o.Action == parley.Receive {
				require.Equal(w, 1, o.Concurrency, "the router's options are its subscribers' defaults")
			}
		}
		require.Equal(w, []string{"receive outer.inner.first", "receive outer.inner.second", "send outer.inner.first", "send outer.inner.second"}, addresses)

		w.start(app)
		require.NoError(w, first.Publish(w.ctx(), "x"))
		require.Equal(w, "x first", next(w, replies))
		for range 2 {
			require.Equal(w, []string{"app", "outer", "inner"}, []string{next(w, order), next(w, order), next(w, order)})
		}
	})
}

func TestRouterInTwoApps(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		got := make(chan string, 2)
		r := parley.NewRouter("", parley.Transient())
		out := r.Publisher(w.at("out"))
		a, b := w.app(parley.Info("a", "")), w.app(parley.Info("b", ""))
		a.Subscriber(w.at("in.a"), func(ctx context.Context, s string) error { return out.Publish(ctx, s) })
		b.Subscriber(w.at("in.b"), func(ctx context.Context, s string) error { return out.Publish(ctx, s) })
		a.Subscriber(w.at("out"), func(m *parley.Message) { got <- m.AppID })
		a.Include(r)
		b.Include(r)
		inA, inB := a.Publisher(w.at("in.a")), b.Publisher(w.at("in.b"))
		w.start(a)
		w.start(b)
		require.NoError(w, inA.Publish(w.ctx(), "x"))
		require.Equal(w, "a", next(w, got))
		require.NoError(w, inB.Publish(w.ctx(), "x"))
		require.Equal(w, "b", next(w, got))
		require.ErrorContains(w, out.Publish(w.ctx(), "x"), "hint")
	})
}
