package parley_test

import (
	"context"
	"fmt"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

func ExampleFrom() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Info("audit", "1.0.0"))
	orders := topology.Topic("orders")
	seen := make(chan string)
	app.Subscriber("orders.{tenant}.{what...}", func(in struct {
		Tenant string `path:"tenant"`
		What   string `path:"what"`
	},
	) {
		seen <- in.Tenant + ": " + in.What
	}, parley.From(orders, topology.Quorum()))
	placed := app.Publisher("orders.{tenant}.placed", parley.To(orders))
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	s := app.Operations()[0].Subscription
	fmt.Println(s.Queue.Name, "bound with", s.Bindings[0].Key)
	if err := placed.Publish(ctx, twoTeas, parley.Path("tenant", "acme")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-seen)
	// Output:
	// audit.orders.orders.*.# bound with orders.*.#
	// acme: placed
}

func ExampleBroadcast() {
	ctx := context.Background()
	broker := memory.New()
	events, heard := topology.Fanout("cache"), make(chan string)
	instance := func(name string) *parley.App {
		app := parley.New(broker, parley.Info("shop", "1.0.0"))
		app.Subscriber("clear", func(key string) { heard <- name + " clears " + key }, parley.From(events), parley.Broadcast())
		return app
	}
	first, second := instance("first"), instance("second")
	flush := first.Publisher("clear", parley.To(events))
	for _, app := range []*parley.App{first, second} {
		if err := app.Start(ctx); err != nil {
			fmt.Println(err)
			return
		}
		defer app.Stop(ctx)
	}
	if err := flush.Publish(ctx, "prices"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-heard)
	fmt.Println(<-heard)
	// Unordered output:
	// first clears prices
	// second clears prices
}

func ExampleRouter() {
	orders := parley.NewRouter("orders", parley.Concurrency(4))
	orders.Subscriber("place", PlaceOrder)

	returns := parley.NewRouter("returns")
	returns.Subscriber("ask", func(id string) bool { return id != "" })
	orders.Include(returns)

	app := parley.New(memory.New())
	app.Include(orders)
	for _, o := range app.Operations() {
		fmt.Println(o.Address, o.Concurrency)
	}
	// Output:
	// orders.place 4
	// orders.returns.ask 4
}
