package parley_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

func Example_errorQueue() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("mails.send", func(_ context.Context, address string) error {
		return parley.NewError(parley.CodeFailedPrecondition, "no such mailbox")
	})
	failed := make(chan *parley.Message)
	app.Subscriber("mails.send.error", func(m *parley.Message) { failed <- m },
		parley.From(topology.ErrorQueueReader()))
	mails := app.Publisher("mails.send")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	if err := mails.Publish(ctx, "nobody@example.com"); err != nil {
		fmt.Println(err)
		return
	}
	m := <-failed
	fmt.Println(string(m.Body))
	fmt.Println(m.Header(parley.HeaderFailureCode), "|", m.Header(parley.HeaderFailureReason))
	// Output:
	// nobody@example.com
	// failed_precondition | no such mailbox
}

func ExampleExposeErrors() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	broken := func() error { return errors.New("table orders is locked") }
	app.Subscriber("hidden", broken)
	app.Subscriber("shown", broken, parley.ExposeErrors())
	hidden, shown := app.Publisher("hidden"), app.Publisher("shown")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := hidden.Request(ctx, nil, parley.MessageID("m1"))
	fmt.Println(err)
	_, err = shown.Request(ctx, nil)
	fmt.Println(err)
	// Output:
	// remote error: unknown: the handler failed; see the log of message m1
	// remote error: unknown: table orders is locked
}
