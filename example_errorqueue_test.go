package parley_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// A message that failed is looked at and, when the fault is mended, put back to
// work.
func ExampleErrorQueue() {
	var mended atomic.Bool
	done := make(chan struct{})
	app := parley.New(memory.New(), parley.Logger(slog.New(slog.DiscardHandler)))
	app.Subscriber("orders.place", func(order string) error {
		if !mended.Load() {
			return parley.NewError(parley.CodeUnavailable, "the printer is out of paper")
		}
		fmt.Println("printed", order)
		close(done)
		return nil
	})
	orders := app.Publisher("orders.place")
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = app.Stop(ctx) }()
	if err := orders.Publish(ctx, "order 7", parley.MessageID("7")); err != nil {
		fmt.Println(err)
		return
	}

	failed, err := app.ErrorQueue("orders.place")
	if err != nil {
		fmt.Println(err)
		return
	}
	var message *parley.FailedMessage
	for message == nil {
		message, _ = failed.Inspect(ctx, "7")
	}
	fmt.Println(message.Code, "-", message.Reason)

	mended.Store(true)
	n, err := failed.Replay(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	<-done
	fmt.Println("replayed", n)
	// Output:
	// unavailable - the printer is out of paper
	// printed order 7
	// replayed 1
}
