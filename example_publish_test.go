package parley_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// A Publish that returned nil is stored. A queue that does not exist is an
// error at once.
func ExamplePublisher_Publish() {
	ctx := context.Background()
	received := make(chan string)
	app := parley.New(memory.New())
	app.Subscriber("mails", func(text string) { received <- text })
	mails, typo := app.Publisher("mails"), app.Publisher("mials")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	if err := mails.Publish(ctx, "welcome"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-received)
	err := typo.Publish(ctx, "welcome")
	fmt.Println(errors.Is(err, parley.ErrNoRoute))
	// Output:
	// welcome
	// true
}

// A batch keeps many messages in flight. nil means that all are stored.
func ExamplePublishBatch() {
	ctx := context.Background()
	broker := memory.New()
	app := parley.New(broker)
	mails := app.Publisher("mails")
	subscriber := app.Subscriber("mails", func(string) {})
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)
	if err := subscriber.Stop(ctx); err != nil { // its queue stays
		fmt.Println(err)
		return
	}

	values := []string{"one", "two", "three"}
	if err := parley.PublishBatch(ctx, mails, slices.Values(values), parley.Window(100)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(broker.Depth("mails"))
	// Output: 3
}

// A batch that ends early tells which of its values are not stored.
func ExampleBatchError() {
	ctx := context.Background()
	broker := memory.New()
	app := parley.New(broker)
	app.Subscriber("mails", func(string) {})
	mails := app.Publisher("mails")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	broker.RefuseNext(1)
	err := parley.PublishBatch(ctx, mails, slices.Values([]string{"one"}))
	if batch, ok := errors.AsType[*parley.BatchError](err); ok {
		fmt.Println("sent:", batch.Sent, "stored:", batch.Stored)
		for _, f := range batch.Failures {
			fmt.Println(f.Index, errors.Is(f.Err, parley.ErrRefused))
		}
	}
	// Output:
	// sent: 1 stored: 0
	// 0 true
}

// PublishTo forwards each result, besides answering the caller.
func ExamplePublishTo() {
	ctx := context.Background()
	events := topology.Topic("orders")
	placed := make(chan Receipt, 1)
	app := parley.New(memory.New(), parley.Info("orders", "1.0.0"))
	app.Subscriber("orders.place", PlaceOrder, parley.PublishTo("orders.placed", parley.To(events)))
	app.Subscriber("orders.placed", func(r Receipt) { placed <- r }, parley.From(events))
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[Receipt](ctx, orders, Order{ID: "o-1", Items: []Item{{"book", 2}}}))
	fmt.Println("event:", <-placed)
	// Output:
	// {o-1 2} <nil>
	// event: {o-1 2}
}

// An event to an exchange may have no subscriber; Mandatory insists on one.
func ExampleMandatory() {
	ctx := context.Background()
	app := parley.New(memory.New())
	placed := app.Publisher("orders.placed", parley.To(topology.Topic("orders")))
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(placed.Publish(ctx, "o-1"))
	err := placed.Publish(ctx, "o-1", parley.Mandatory())
	fmt.Println(errors.Is(err, parley.ErrNoRoute))
	// Output:
	// <nil>
	// true
}

// Payload keeps a publisher to one type.
func ExamplePayload() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("orders.place", PlaceOrder)
	orders := app.Publisher("orders.place", parley.Payload[Order]())
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	err := orders.Publish(ctx, "two books")
	fmt.Println(errors.Is(err, parley.ErrNotSent))
	// Output: true
}
