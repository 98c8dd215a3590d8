package parley_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

func ExamplePublisher_Publish() {
	ctx := context.Background()
	app := parley.New(memory.New())
	mails := app.Publisher("mails.send", parley.Payload[string](), parley.Type("mail"))
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	err := mails.Publish(ctx, "hello")
	fmt.Println(errors.Is(err, parley.ErrNoRoute)) // nobody has declared the queue yet

	reader := app.Subscriber("mails.send", func(string) {})
	if err := reader.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}
	err = mails.Publish(ctx, "hello",
		parley.Header("x-tenant", "acme"),
		parley.MessageID("mail-1"),
		parley.Expiration(time.Hour),
	)
	fmt.Println(err) // nil: it is stored

	err = mails.Publish(ctx, 7)
	fmt.Println(errors.Is(err, parley.ErrNotSent)) // not what the publisher declares
	// Output:
	// true
	// <nil>
	// true
}

func ExamplePublisher_PublishBatch() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("numbers", func(int) {})
	numbers, missing := app.Publisher("numbers"), app.Publisher("missing")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	values := []any{1, 2, 3}
	err := numbers.PublishBatch(ctx, slices.Values(values), parley.Window(64))
	fmt.Println(err) // nil: all are stored

	err = missing.PublishBatch(ctx, slices.Values(values))
	if batch, ok := errors.AsType[*parley.BatchError](err); ok {
		fmt.Println(batch.Stored, "stored,", errors.Is(err, parley.ErrNoRoute))
	}
	// Output:
	// <nil>
	// 0 stored, true
}

func ExamplePublishTo() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Info("orders", "1.4.0"))
	events := topology.Topic("orders")
	app.Subscriber("orders.place", PlaceOrder,
		parley.PublishTo("orders.placed", parley.To(events)), // an event for whoever listens
		parley.PublishTo("invoices.write"),                   // a queue that must exist
	)
	done := make(chan string)
	app.Subscriber("orders.placed", func(r Receipt) { done <- "event " + r.OrderID }, parley.From(events))
	app.Subscriber("invoices.write", func(r Receipt) { done <- "invoice " + r.OrderID })
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	if err := orders.Publish(ctx, twoTeas); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-done)
	fmt.Println(<-done)
	// Unordered output:
	// event o1
	// invoice o1
}

func ExampleNoReply() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("orders.import", PlaceOrder, parley.NoReply())
	orders := app.Publisher("orders.import")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	m, err := orders.Request(ctx, twoTeas) // a caller that waits gets an empty answer
	fmt.Println(len(m.Body), err)
	// Output: 0 <nil>
}
