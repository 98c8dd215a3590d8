package parley_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// NewPing is a running service at "ping" and "sleep", with its publishers.
func NewPing(ctx context.Context, opts ...parley.Option) (app *parley.App, ping, sleep *parley.Publisher) {
	app = parley.New(memory.New(), append(opts, quiet)...)
	app.Subscriber("ping", func(string) string { return "pong!" })
	app.Subscriber("sleep", func(ctx context.Context, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	})
	ping, sleep = app.Publisher("ping"), app.Publisher("sleep")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	return app, ping, sleep
}

func ExampleRequest() {
	ctx := context.Background()
	app, ping, _ := NewPing(ctx)
	defer app.Stop(ctx)

	pong, err := parley.Request[string](ctx, ping, "ping") // waits 30 s at most
	fmt.Println(pong, err)

	pong, err = parley.Request[string](ctx, ping, "ping", parley.Timeout(3*time.Second))
	fmt.Println(pong, err)

	pong, err = parley.Request[string](ctx, ping, "ping", parley.NoTimeout()) // as long as ctx lives
	fmt.Println(pong, err)
	// Output:
	// pong! <nil>
	// pong! <nil>
	// pong! <nil>
}

func ExamplePublisher_Request() {
	ctx := context.Background()
	app, ping, _ := NewPing(ctx)
	defer app.Stop(ctx)

	m, err := ping.Request(ctx, "ping")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.ContentType, string(m.Body))
	// Output: text/plain pong!
}

func ExampleTimeout() {
	ctx := context.Background()
	app, _, sleep := NewPing(ctx)
	defer app.Stop(ctx)

	_, err := parley.Request[string](ctx, sleep, "zzz", parley.Timeout(20*time.Millisecond))
	fmt.Println(errors.Is(err, parley.ErrTimeout), errors.Is(err, context.DeadlineExceeded))
	fmt.Println(errors.Is(err, parley.ErrOutcomeUnknown)) // the handler may have run
	if call, ok := errors.AsType[*parley.CallError](err); ok {
		fmt.Println(call.Address, call.CorrelationID != "")
	}
	// Output:
	// true true
	// true
	// sleep true
}

func ExampleQuietTimeout() {
	ctx := context.Background()
	app, _, sleep := NewPing(ctx)
	defer app.Stop(ctx)

	m, err := sleep.Request(ctx, "zzz", parley.Timeout(20*time.Millisecond), parley.QuietTimeout())
	fmt.Println(m == nil, err)
	// Output: true <nil>
}

func ExampleReplyTo() {
	ctx := context.Background()
	app, ping, _ := NewPing(ctx)
	defer app.Stop(ctx)

	answers := make(chan string)
	replies := app.Subscriber("replies", func(s string) { answers <- s })
	if err := replies.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if err := ping.Publish(ctx, "ping", parley.ReplyTo("replies")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-answers)

	_, err := ping.Request(ctx, "ping", parley.ReplyTo("replies")) // one or the other
	fmt.Println(errors.Is(err, parley.ErrNotSent))
	// Output:
	// pong!
	// true
}

func ExampleGo() {
	ctx := context.Background()
	app, ping, _ := NewPing(ctx)
	defer app.Stop(ctx)

	first := parley.Go[string](ctx, ping, "one")
	second := parley.Go[string](ctx, ping, "two")
	for _, call := range []*parley.Call[string]{first, second} {
		pong, err := call.Wait(ctx)
		fmt.Println(pong, err)
	}
	// Output:
	// pong! <nil>
	// pong! <nil>
}

func ExampleRemoteError() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("stock.take", func(_ context.Context, sku string) (int, error) {
		return 0, parley.NewError(parley.CodeNotFound, "no such article").WithDetail(map[string]string{"sku": sku})
	})
	stock := app.Publisher("stock.take")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := parley.Request[int](ctx, stock, "cake")
	if remote, ok := errors.AsType[*parley.RemoteError](err); ok {
		fmt.Println(remote.Code, "|", remote.Message, "|", string(remote.Details[0]))
	}
	fmt.Println(parley.CodeOf(err), errors.Is(err, parley.NewError(parley.CodeNotFound, "")))
	// Output:
	// not_found | no such article | {"sku":"cake"}
	// not_found true
}

func ExampleErrNoRoute() {
	ctx := context.Background()
	app := parley.New(memory.New())
	orders := app.Publisher("ordres.place") // nobody is there
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := orders.Request(ctx, twoTeas, parley.NoTimeout())
	fmt.Println(errors.Is(err, parley.ErrNoRoute)) // at once
	// Output: true
}

func ExampleErrNoValue() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("orders.cancel", func(string) {}) // answers, without a value
	cancel := app.Publisher("orders.cancel")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	receipt, err := parley.Request[*Receipt](ctx, cancel, "o1")
	fmt.Println(receipt, err)
	_, err = parley.Request[Receipt](ctx, cancel, "o1")
	fmt.Println(errors.Is(err, parley.ErrNoValue))
	// Output:
	// <nil> <nil>
	// true
}
