package parley_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Order is what customers send.
type Order struct {
	ID    string `json:"id"    validate:"required"`
	Items []Item `json:"items" validate:"required,min=1,dive"`
}

// Item is one line of an [Order].
type Item struct {
	SKU string `json:"sku" validate:"required"`
	Qty int    `json:"qty" validate:"gt=0"`
}

// Receipt is what they get.
type Receipt struct {
	OrderID string `json:"order_id"`
	Pieces  int    `json:"pieces"`
}

// PlaceOrder counts the pieces of an order.
func PlaceOrder(_ context.Context, o Order) (Receipt, error) {
	r := Receipt{OrderID: o.ID}
	for _, item := range o.Items {
		r.Pieces += item.Qty
	}
	return r, nil
}

// quiet keeps the log of messages that fail on purpose out of the output.
var quiet = parley.Logger(slog.New(slog.DiscardHandler))

// A function is registered under an address; what it returns is the answer.
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

	order := Order{ID: "o-1", Items: []Item{{SKU: "book", Qty: 2}, {SKU: "pen", Qty: 3}}}
	receipt, err := parley.Request[Receipt](ctx, orders, order)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(receipt.OrderID, receipt.Pieces)
	// Output: o-1 5
}

// A service runs until its context ends, or SIGINT or SIGTERM comes.
func ExampleApp_Run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	app := parley.New(memory.New())
	greeter := app.Subscriber("greet", func(name string) string { return "hello, " + name })
	greet := app.Publisher("greet")

	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	if err := greeter.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(parley.Request[string](ctx, greet, "Ada"))
	cancel()
	fmt.Println("ended:", <-ended)
	// Output:
	// hello, Ada <nil>
	// ended: <nil>
}

// Handlers are functions of many forms, methods and closures included.
func ExampleApp_Subscriber() {
	ctx := context.Background()
	app := parley.New(memory.New())
	counted := 0
	app.Subscriber("math.double", func(n int) int { return 2 * n })
	app.Subscriber("math.divide", func(_ context.Context, pair [2]int) (float64, error) {
		if pair[1] == 0 {
			return 0, parley.NewError(parley.CodeInvalidArgument, "division by zero")
		}
		return float64(pair[0]) / float64(pair[1]), nil
	})
	app.Subscriber("math.count", func() { counted++ }, parley.Concurrency(1))
	if err := app.Err(); err != nil {
		fmt.Println(err)
		return
	}
	double, divide, count := app.Publisher("math.double"), app.Publisher("math.divide"), app.Publisher("math.count")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[int](ctx, double, 21))
	fmt.Println(parley.Request[float64](ctx, divide, [2]int{1, 4}))
	_, err := count.Request(ctx, nil)
	fmt.Println(counted, err)
	// Output:
	// 42 <nil>
	// 0.25 <nil>
	// 1 <nil>
}

// Func lets the compiler check the signature and saves the reflection.
func ExampleFunc() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("orders.place", parley.Func(PlaceOrder))
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[Receipt](ctx, orders, Order{ID: "o-1", Items: []Item{{"book", 2}}}))
	// Output: {o-1 2} <nil>
}
