package manual_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// Shop has methods that are handlers.
type Shop struct{ placed chan string }

// Place is a handler as a method.
func (s *Shop) Place(_ context.Context, o Order) (Receipt, error) {
	s.placed <- o.ID
	return Receipt{OrderID: o.ID}, nil
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	shop := &Shop{placed: make(chan string, 1)}

	app.Subscriber("full", func(_ context.Context, o Order) (Receipt, error) { return Receipt{OrderID: o.ID}, nil })
	app.Subscriber("result", func(o Order) Receipt { return Receipt{OrderID: o.ID} })
	app.Subscriber("error", func(_ context.Context, _ Order) error { return nil })
	app.Subscriber("input", func(_ []string) {})
	app.Subscriber("question", func() (string, error) { return "42", nil })
	app.Subscriber("tick", func() {})
	app.Subscriber("method", shop.Place)
	app.Subscriber("generic", First[string])
	app.Subscriber("raw", func(m *parley.Message) *parley.Message {
		return &parley.Message{Body: m.Body, ContentType: m.ContentType}
	})
	app.Subscriber("typed", parley.Func(PlaceOrder))
	require.NoError(t, app.Err())
	require.Len(t, app.Operations(), 10)

	method, generic, raw := app.Publisher("method"), app.Publisher("generic"), app.Publisher("raw")
	start(t, app)
	_, err := method.Request(t.Context(), order)
	require.NoError(t, err)
	require.Equal(t, "o1", <-shop.placed)
	word, err := parley.Request[string](t.Context(), generic, []string{"a", "b"})
	require.NoError(t, err)
	require.Equal(t, "a", word)
	word, err = parley.Request[string](t.Context(), raw, "as it is")
	require.NoError(t, err)
	require.Equal(t, "as it is", word)
}

// First is a generic handler.
func First[T any](all []T) T { return all[0] }

func TestIllegalSignature(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.Subscriber("two", func(Order, Item) error { return nil })
	app.Subscriber("channel", func(chan Order) error { return nil })
	app.Subscriber("variadic", func(...Order) error { return nil })
	app.Subscriber("wrong", func(Order) (Receipt, string) { return Receipt{}, "" })
	err := app.Err()
	for _, part := range []string{"two", "channel", "variadic", "take a slice instead of ...", "wrong", "return one struct and an error"} {
		require.ErrorContains(t, err, part)
	}
}

// PlaceForTenant is an annotated input: each field says where it comes from.
type PlaceForTenant struct {
	Tenant string `path:"tenant"`
	User   string `header:"x-user"`
	Trace  *int   `header:"x-trace"`
	Order  Order  `body:""`
}

func TestAnnotatedInput(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	ctx := t.Context()
	app.Subscriber("orders.{tenant}.place", func(in PlaceForTenant) string {
		return in.User + " of " + in.Tenant + " orders " + in.Order.ID
	}, parley.From(topology.Topic("orders")))
	place := app.Publisher("orders.{tenant}.place", parley.To(topology.Topic("orders")))
	start(t, app)

	answer, err := parley.Request[string](ctx, place, order,
		parley.Path("tenant", "acme"), parley.Header("x-user", "ann"))
	require.NoError(t, err)
	require.Equal(t, "ann of acme orders o1", answer)

	_, err = place.Request(ctx, order, parley.Path("tenant", "acme"))
	require.ErrorContains(t, err, "header x-user: is missing")
}

func TestResponse(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.Subscriber("orders.place", func(_ context.Context, o Order) (parley.Response[Receipt], error) {
		return parley.Response[Receipt]{
			Value: Receipt{OrderID: o.ID},
			Properties: parley.Message{
				Type:    "receipt",
				Headers: parley.Headers{"x-shop": "north"},
			},
		}, nil
	})
	place := app.Publisher("orders.place")
	start(t, app)
	m, err := place.Request(t.Context(), order)
	require.NoError(t, err)
	require.Equal(t, "receipt", m.Type)
	require.Equal(t, "north", m.Header("x-shop"))
	require.JSONEq(t, `{"order_id":"o1","items":0}`, string(m.Body))
}

// Size is one of three sizes.
type Size string

// Enum lists the legal values.
func (Size) Enum() []any { return []any{Size("small"), Size("medium"), Size("large")} }

func TestEnum(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.Subscriber("cups", func(in struct {
		Size Size `json:"size"`
	},
	) string {
		return string(in.Size)
	})
	cups := app.Publisher("cups")
	start(t, app)
	_, err := cups.Request(t.Context(), json.RawMessage(`{"size":"huge"}`))
	require.Equal(t, parley.CodeInvalidArgument, parley.CodeOf(err))
	require.ErrorContains(t, err, "size")
	require.NotContains(t, err.Error(), "huge", "no value in an error text")
}

func TestValidation(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.Subscriber("orders.place", PlaceOrder)
	place := app.Publisher("orders.place")
	start(t, app)
	bad := Order{ID: "o1", Items: []Item{{SKU: "tea", Qty: 0}}}
	_, err := place.Request(t.Context(), bad)
	require.EqualError(t, err, `remote error: invalid_argument: body: items[0].qty: rule "gt=0" failed for an integer`)
}
