package parley_test

import (
	"context"
	"fmt"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// Placed is an order together with where it came from.
type Placed struct {
	Tenant string  `path:"tenant"`
	Source *string `header:"x-source"` // a pointer is optional
	Order  Order   `body:""`
}

// Behind an exchange an address is a routing key, and may have parameters.
func ExamplePath() {
	ctx := context.Background()
	events := topology.Topic("orders")
	placed := make(chan Placed)
	app := parley.New(memory.New(), parley.Info("billing", "1.0.0"))
	app.Subscriber("orders.{tenant}.placed", func(p Placed) { placed <- p }, parley.From(events))
	publisher := app.Publisher("orders.{tenant}.placed", parley.To(events))
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	order := Order{ID: "o-1", Items: []Item{{"book", 2}}}
	if err := publisher.Publish(ctx, order, parley.Path("tenant", "acme"), parley.Header("x-source", "web")); err != nil {
		fmt.Println(err)
		return
	}
	p := <-placed
	fmt.Println(p.Tenant, *p.Source, p.Order.ID)
	// Output: acme web o-1
}

// The instances of an app share the messages of one durable queue; another app
// has a queue, and so a copy, of its own.
func ExampleFrom() {
	events := topology.Topic("orders")
	app := parley.New(memory.New(), parley.Info("billing", "1.0.0"))
	app.Subscriber("*.placed", func(Order) {}, parley.From(events))
	app.Subscriber("#", func(*parley.Message) {}, parley.From(events, topology.Queue("audit"), topology.Quorum()))

	for _, operation := range app.Operations() {
		queue := operation.Subscription.Queue
		fmt.Printf("%q durable: %t, type: %q\n", queue.Name, queue.Durable, queue.Type())
	}
	// Output:
	// "billing.orders.*.placed" durable: true, type: ""
	// "audit" durable: true, type: "quorum"
}

// Every instance of a service gets each message of a broadcast.
func ExampleBroadcast() {
	ctx := context.Background()
	broker := memory.New()
	settings := topology.Fanout("settings")
	reloaded := make(chan string, 2)
	instance := func(name string) *parley.App {
		app := parley.New(broker, parley.Info("orders", "1.0.0"))
		app.Subscriber("changed", func(string) { reloaded <- name }, parley.From(settings), parley.Broadcast())
		return app
	}
	first, second := instance("instance"), instance("instance")
	changed := first.Publisher("changed", parley.To(settings))
	for _, app := range []*parley.App{first, second} {
		if err := app.Start(ctx); err != nil {
			fmt.Println(err)
			return
		}
		defer app.Stop(ctx)
	}

	if err := changed.Publish(ctx, "prices"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-reloaded, <-reloaded)
	// Output: instance instance
}
