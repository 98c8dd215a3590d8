package memory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Apps on one Broker talk to each other. A test gives its own to the app of
// production and asks it as a client would.
func ExampleBroker() {
	ctx := context.Background()
	broker := memory.New()
	service, client := parley.New(broker), parley.New(broker)
	service.Subscriber("greet", func(name string) string { return "hello, " + name })
	greet := client.Publisher("greet")
	for _, app := range []*parley.App{service, client} {
		if err := app.Start(ctx); err != nil {
			fmt.Println(err)
			return
		}
		defer app.Stop(ctx)
	}

	fmt.Println(parley.Request[string](ctx, greet, "Ada"))
	// Output: hello, Ada <nil>
}

// Peek looks into a queue and leaves everything in it.
func ExampleBroker_Peek() {
	ctx := context.Background()
	broker := memory.New()
	app := parley.New(broker)
	mailer := app.Subscriber("mails", func(string) {})
	mails := app.Publisher("mails")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)
	if err := mailer.Stop(ctx); err != nil { // the queue stays
		fmt.Println(err)
		return
	}

	for _, text := range []string{"first", "second"} {
		if err := mails.Publish(ctx, text); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, m := range broker.Peek("mails") {
		fmt.Printf("%s\n", m.Body)
	}
	fmt.Println(broker.Queues())
	// Output:
	// first
	// second
	// [mails mails.error]
}

// RefuseNext lets a test see what the app does when the broker refuses.
func ExampleBroker_RefuseNext() {
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
	fmt.Println(errors.Is(mails.Publish(ctx, "first"), parley.ErrRefused))
	fmt.Println(mails.Publish(ctx, "second"))
	// Output:
	// true
	// <nil>
}

// While publishing is blocked, a publisher waits as long as its context lives.
func ExampleBroker_Block() {
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

	broker.Block()
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	err := mails.Publish(short, "first")
	fmt.Println(errors.Is(err, parley.ErrBlocked), errors.Is(err, context.DeadlineExceeded))
	broker.Unblock()
	fmt.Println(mails.Publish(ctx, "second"))
	// Output:
	// true true
	// <nil>
}

// A message whose session is lost is delivered again; the context of the
// handler that has it ends.
func ExampleBroker_Disconnect() {
	ctx := context.Background()
	broker := memory.New()
	begun := make(chan bool)
	app := parley.New(broker)
	app.Subscriber("work", func(ctx context.Context, m *parley.Message) error {
		begun <- m.Redelivered
		if !m.Redelivered {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return nil
	})
	work := app.Publisher("work")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	if err := work.Publish(ctx, "task"); err != nil {
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
