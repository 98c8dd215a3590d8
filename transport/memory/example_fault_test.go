package memory_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

func ExampleBroker_Peek() {
	ctx := context.Background()
	broker := memory.New()
	app := parley.New(broker, parley.Logger(slog.New(slog.DiscardHandler)))
	begun := make(chan struct{})
	app.Subscriber("mails.send", func(string) error {
		close(begun)
		return parley.NewError(parley.CodeInvalidArgument, "no such mailbox")
	})
	mails := app.Publisher("mails.send")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if err := mails.Publish(ctx, "nobody@example.com"); err != nil {
		fmt.Println(err)
		return
	}
	<-begun
	if err := app.Stop(ctx); err != nil { // finishes what is in hand
		fmt.Println(err)
		return
	}
	for _, m := range broker.Peek("mails.send.error") {
		fmt.Println(string(m.Body), "|", m.Header(parley.HeaderFailureReason))
	}
	// Output: nobody@example.com | no such mailbox
}

func ExampleBroker_RefuseNext() {
	ctx := context.Background()
	broker := memory.New()
	app := parley.New(broker)
	app.Subscriber("orders", func(string) {})
	orders := app.Publisher("orders")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	broker.RefuseNext(1)
	fmt.Println(errors.Is(orders.Publish(ctx, "o1"), parley.ErrRefused))
	fmt.Println(orders.Publish(ctx, "o1"))
	// Output:
	// true
	// <nil>
}

func ExampleBroker_Block() {
	ctx := context.Background()
	broker := memory.New()
	app := parley.New(broker)
	app.Subscriber("orders", func(string) {})
	orders := app.Publisher("orders")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	broker.Block() // as a memory or disk alarm does
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	fmt.Println(errors.Is(orders.Publish(short, "o1"), parley.ErrBlocked))
	broker.Unblock()
	fmt.Println(orders.Publish(ctx, "o1"))
	// Output:
	// true
	// <nil>
}

func ExampleBroker_Disconnect() {
	ctx := context.Background()
	broker := memory.New()
	app := parley.New(broker)
	begun, runs := make(chan bool), 0
	app.Subscriber("orders", func(ctx context.Context, m *parley.Message) error {
		runs++
		begun <- m.Redelivered
		if runs == 1 {
			<-ctx.Done() // the delivery can no longer be settled
			return ctx.Err()
		}
		return nil
	}, parley.Concurrency(1))
	orders := app.Publisher("orders")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	if err := orders.Publish(ctx, "o1"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("redelivered:", <-begun)
	broker.Disconnect()
	fmt.Println("redelivered:", <-begun)
	// Output:
	// redelivered: false
	// redelivered: true
}

func ExampleBroker_With() {
	ctx := context.Background()
	broker := memory.New()
	server := parley.New(broker)
	server.Subscriber("where", func(m *parley.Message) string { return m.ReplyTo })
	client := parley.New(broker.With(memory.ReplyQueue("till-1.replies")))
	where := client.Publisher("where")
	for _, app := range []*parley.App{server, client} {
		if err := app.Start(ctx); err != nil {
			fmt.Println(err)
			return
		}
		defer app.Stop(ctx)
	}
	fmt.Println(parley.Request[string](ctx, where, nil))
	fmt.Println(broker.Queues())
	// Output:
	// till-1.replies <nil>
	// [till-1.replies where where.error]
}

func ExampleNew_topology() {
	app := parley.New(memory.New(), parley.Info("orders", "1.0.0"))
	app.Subscriber("log", func(string) {}, parley.From(topology.Stream("first")))
	fmt.Println(app.Err() != nil) // streams are RabbitMQ's
	// Output: true
}
