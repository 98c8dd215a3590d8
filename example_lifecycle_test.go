package parley_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// Start returns when every subscriber consumes. Stop finishes what is in hand;
// after it the app may start again.
func ExampleApp_Start() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("greet", func(name string) string { return "hello, " + name })
	greet := app.Publisher("greet")
	_, err := parley.Request[string](ctx, greet, "Ada")
	fmt.Println(errors.Is(err, parley.ErrNotStarted))

	for range 2 {
		if err := app.Start(ctx); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(parley.Request[string](ctx, greet, "Ada"))
		if err := app.Stop(ctx); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(errors.Is(greet.Publish(ctx, "Ada"), parley.ErrStopped))
	// Output:
	// true
	// hello, Ada <nil>
	// hello, Ada <nil>
	// true
}

// A test runs the app of production on a broker in memory.
func ExampleOn() {
	ctx := context.Background()
	app := parley.New(rabbitmq.New("amqp://guest:guest@localhost:5672/"))
	app.Subscriber("greet", func(name string) string { return "hello, " + name })
	greet := app.Publisher("greet")
	if err := app.Start(ctx, parley.On(memory.New())); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[string](ctx, greet, "Ada"))
	// Output: hello, Ada <nil>
}

// The handle of a subscriber says when it consumes, and stops it alone.
func ExampleSubscriber() {
	ctx := context.Background()
	broker := memory.New()
	app := parley.New(broker)
	mails := app.Publisher("mails")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	mailer := app.Subscriber("mails", func(string) {}) // begins at once in a running app
	if err := mailer.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mails.Publish(ctx, "first"))
	if err := mailer.Stop(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mails.Publish(ctx, "second"))
	fmt.Println("waiting:", len(broker.Peek("mails")) > 0)
	// Output:
	// <nil>
	// <nil>
	// waiting: true
}

// Operations describes what an app does. Documents, listings and tests read
// it; it needs no broker.
func ExampleApp_Operations() {
	app := parley.New(memory.New(), parley.Info("orders", "1.0.0"))
	placed := parley.PublishTo("orders.placed", parley.To(topology.Topic("events")))
	app.Subscriber("orders.place", PlaceOrder, placed)
	app.Publisher("mails", parley.Payload[string]())

	for _, o := range app.Operations() {
		switch o.Action {
		case parley.Receive:
			fmt.Println(o.Action, o.Address, o.Input, "→", o.Output)
		case parley.Send:
			fmt.Println(o.Action, o.Address, o.Payload)
		}
	}
	// Output:
	// receive orders.place parley_test.Order → parley_test.Receipt
	// send orders.placed parley_test.Receipt
	// send mails string
}

// Stats count what happened since New.
func ExampleApp_Stats() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("ping", Ping)
	ping := app.Publisher("ping")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"ping", "ping", "hello"} {
		if _, err := ping.Request(ctx, text); err != nil {
			fmt.Println(err)
		}
	}
	if err := app.Stop(ctx); err != nil {
		fmt.Println(err)
		return
	}
	stats := app.Stats()
	fmt.Println(stats.Handled, stats.Failed)
	// Output:
	// remote error: invalid_argument: say ping
	// 2 1
}
