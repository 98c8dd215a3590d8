package parley_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// Shop answers by its own state: methods are handlers like any other.
type Shop struct{ cents map[string]int }

// Price returns the price of an article.
func (s *Shop) Price(_ context.Context, sku string) (int, error) {
	cents, ok := s.cents[sku]
	if !ok {
		return 0, parley.NewError(parley.CodeNotFound, "no such article")
	}
	return cents, nil
}

func ExampleApp_Subscriber() {
	app := parley.New(memory.New())
	shop := &Shop{cents: map[string]int{"tea": 350}}

	app.Subscriber("a", PlaceOrder)                                            // func(context.Context, Order) (Receipt, error)
	app.Subscriber("b", shop.Price)                                            // a method
	app.Subscriber("c", func(o Order) {})                                      // no context, no result
	app.Subscriber("d", time.Now)                                              // no input
	app.Subscriber("e", func(context.Context) error { return nil })            // an error only
	app.Subscriber("f", func(m *parley.Message) *parley.Message { return m })  // the message as it is
	app.Subscriber("g", func(ctx context.Context, _ parley.NoBody) {})         // reads no body
	app.Subscriber("h", func(m map[string][]int) []string { return nil })      // maps, slices, scalars
	app.Subscriber("i", func(v any) (any, error) { return v, nil })            // the message says what it holds
	app.Subscriber("j", func(in *Order) (*Receipt, error) { return nil, nil }) // a nil pointer is no value
	app.Subscriber("k", Shout)                                                 // value and properties
	app.Subscriber("l", parley.Func(PlaceOrder))                               // checked by the compiler
	fmt.Println(app.Err())
	// Output: <nil>
}

// Shout answers loudly, in a message of its own kind.
func Shout(s string) parley.Response[string] {
	return parley.Response[string]{
		Value: s + "!",
		Properties: parley.Message{
			Headers: parley.Headers{"x-volume": 11},
			Type:    "shout",
		},
	}
}

func ExampleResponse() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("shout", Shout)
	shout := app.Publisher("shout")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	m, err := shout.Request(ctx, "hey")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(m.Body), m.Headers["x-volume"], m.Type)
	// Output: hey! 11 shout
}

// Placement is an annotated input: its fields are parts of the message.
type Placement struct {
	Tenant string  `path:"tenant"`
	Trace  *string `header:"x-trace"` // a pointer may be absent
	Urgent bool    `header:"x-urgent"`
	Order  Order   `body:""`
}

func ExampleApp_Subscriber_annotatedInput() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Info("orders", "1.4.0"))
	orders := topology.Topic("orders")
	app.Subscriber("orders.{tenant}.place", func(_ context.Context, p Placement) (string, error) {
		return fmt.Sprintf("%s for %s, urgent: %t", p.Order.ID, p.Tenant, p.Urgent), nil
	}, parley.From(orders))
	place := app.Publisher("orders.{tenant}.place", parley.To(orders))
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := parley.Request[string](ctx, place, twoTeas, parley.Path("tenant", "acme"), parley.Header("x-urgent", true))
	fmt.Println(answer, err)
	// Output: o1 for acme, urgent: true <nil>
}

// Size is a type that lists its values; no other is received or sent.
type Size string

// Enum returns the sizes.
func (Size) Enum() []any { return []any{Size("S"), Size("M"), Size("L")} }

func ExampleCodeOf_invalidArgument() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("orders.place", PlaceOrder)
	app.Subscriber("shirts", func(s struct {
		Size Size `json:"size"`
	},
	) {
	})
	orders, shirts := app.Publisher("orders.place"), app.Publisher("shirts")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := orders.Request(ctx, Order{ID: "o1", Items: []Line{{SKU: "tea", Qty: -1}}})
	fmt.Println(parley.CodeOf(err))
	fmt.Println(err)
	_, err = orders.Request(ctx, json.RawMessage(`{"id":1}`))
	fmt.Println(err)
	_, err = shirts.Request(ctx, map[string]string{"size": "XXL"})
	fmt.Println(err)
	// Output:
	// invalid_argument
	// remote error: invalid_argument: body: items[0].qty: rule "gt=0" failed for an integer
	// remote error: invalid_argument: body: id: wanted string, got number
	// remote error: invalid_argument: body: size: wanted one of "S", "M", "L", got another value
}

func ExampleFunc() {
	app := parley.New(memory.New())
	app.Subscriber("orders.place", parley.Func(PlaceOrder))
	fmt.Println(app.Err())
	// Output: <nil>
}

func ExampleNatives() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Natives(rabbitmq.NativeMessages()))
	app.Subscriber("ping", func(string) amqp.Publishing {
		return amqp.Publishing{ContentType: "text/plain", Body: []byte("pong!"), Priority: 3}
	})
	ping := app.Publisher("ping")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)
	m, err := ping.Request(ctx, "ping")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(m.Body), m.Priority)
	// Output: pong! 3
}

func ExampleNewError() {
	cause := errors.New("connection refused")
	err := parley.NewError(parley.CodeUnavailable, "stock is not reachable").
		WithDetail(map[string]int{"retry_after_s": 5}). // travels as JSON
		WithCause(cause)                                // is logged here and stays here
	fmt.Println(err.Code(), "|", err.Message())
	fmt.Println(errors.Is(err, cause))
	// Output:
	// unavailable | stock is not reachable
	// true
}
