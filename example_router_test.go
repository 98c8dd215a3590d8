package parley_test

import (
	"context"
	"fmt"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// A router groups declarations below a prefix, with options and middleware of
// its own.
func ExampleRouter() {
	ctx := context.Background()
	orders := parley.NewRouter("orders", parley.Concurrency(8))
	orders.Subscriber("place", PlaceOrder)
	app := parley.New(memory.New())
	app.Include(orders)
	place := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[Receipt](ctx, place, Order{ID: "o-1", Items: []Item{{"book", 2}}}))
	// Output: {o-1 2} <nil>
}

// Prefixes of nested routers add up.
func ExampleRouter_Include() {
	refunds := parley.NewRouter("refunds")
	refunds.Subscriber("request", func(string) error { return nil })
	shop := parley.NewRouter("shop")
	shop.Subscriber("open", func() error { return nil })
	shop.Include(refunds)
	app := parley.New(memory.New())
	app.Include(shop)

	for _, operation := range app.Operations() {
		fmt.Println(operation.Action, operation.Address)
	}
	// Output:
	// receive shop.open
	// receive shop.refunds.request
}

// A handler sends through a publisher of its own router.
func ExampleRouter_Publisher() {
	ctx := context.Background()
	mails := make(chan string)
	orders := parley.NewRouter("orders")
	mail := orders.Publisher("mail")
	orders.Subscriber("place", func(ctx context.Context, id string) error {
		return mail.Publish(ctx, "thank you for "+id)
	})
	orders.Subscriber("mail", func(text string) { mails <- text })
	app := parley.New(memory.New())
	app.Include(orders)
	place := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	if err := place.Publish(ctx, "o-1"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-mails)
	// Output: thank you for o-1
}
