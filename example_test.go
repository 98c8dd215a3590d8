package parley_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Order is what the examples' customers send.
type Order struct {
	ID    string `json:"id"    validate:"required"`
	Items []Line `json:"items" validate:"required,min=1,dive"`
}

// Line is one line of an order; the price is in cents.
type Line struct {
	SKU   string `json:"sku"   validate:"required"`
	Qty   int    `json:"qty"   validate:"gt=0"`
	Cents int    `json:"cents" validate:"gte=0"`
}

// Receipt is what they get.
type Receipt struct {
	OrderID string `json:"order_id"`
	Cents   int    `json:"cents"`
}

// PlaceOrder prices an order.
func PlaceOrder(_ context.Context, o Order) (Receipt, error) {
	r := Receipt{OrderID: o.ID}
	for _, l := range o.Items {
		r.Cents += l.Qty * l.Cents
	}
	return r, nil
}

var twoTeas = Order{ID: "o1", Items: []Line{{SKU: "tea", Qty: 2, Cents: 350}}}

// quiet keeps expected failures out of the output.
var quiet = parley.Logger(slog.New(slog.DiscardHandler))

func Example() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Info("orders", "1.4.0"))
	app.Subscriber("orders.place", PlaceOrder)
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	receipt, err := parley.Request[Receipt](ctx, orders, twoTeas)
	fmt.Println(receipt, err)
	// Output: {o1 700} <nil>
}

func ExampleNew() {
	app := parley.New(memory.New(),
		parley.Info("orders", "1.4.0"),
		parley.Concurrency(8),            // the default of all its subscribers
		parley.Header("x-region", "eu1"), // and of everything it sends
	)
	app.Subscriber("orders.place", PlaceOrder)
	app.Subscriber("orders.audit", func(Order) {}, parley.Concurrency(1)) // the nearest wins
	for _, o := range app.Operations() {
		fmt.Println(o.Address, o.Concurrency, o.Prefetch)
	}
	// Output:
	// orders.place 8 32
	// orders.audit 1 4
}

func ExampleApp_Err() {
	app := parley.New(memory.New())
	app.Subscriber("orders.place", func(Order) (Receipt, *parley.Error) { return Receipt{}, nil })
	app.Subscriber("orders.{tenant}.placed", func(Receipt) {})
	err := app.Err() // what Start would return, without a broker
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		fmt.Println(len(joined.Unwrap()), "faults")
	}
	fault, ok := errors.AsType[*parley.RegistrationError](err)
	fmt.Println(ok, fault != nil)
	// Output:
	// 2 faults
	// true true
}

func ExampleSubscriber() {
	ctx := context.Background()
	app := parley.New(memory.New())
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	late := app.Subscriber("orders.place", PlaceOrder) // begins at once
	if err := late.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("consumes:", late.Err() == nil)
	fmt.Println("stopped:", late.Stop(ctx) == nil)
	// Output:
	// consumes: true
	// stopped: true
}

func ExampleOn() {
	ctx := context.Background()
	app := NewShop() // made for RabbitMQ
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx, parley.On(memory.New())); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)
	receipt, err := parley.Request[Receipt](ctx, orders, twoTeas)
	fmt.Println(receipt.Cents, err)
	// Output: 700 <nil>
}

func ExampleApp_Operations() {
	app := NewShop()
	for _, o := range app.Operations() {
		fmt.Println(o.Action, o.Address, o.Input, o.Output)
	}
	// Output:
	// receive orders.place parley_test.Order parley_test.Receipt
}
