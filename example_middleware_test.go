package parley_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Middleware around a subscriber sees each message before it is decoded, and
// the outcome. Here it refuses callers without a token.
func ExampleHandleMiddleware() {
	ctx := context.Background()
	authorized := parley.HandleMiddleware(func(next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			if m.Header("x-token") != "secret" {
				return nil, parley.NewError(parley.CodeUnauthenticated, "who are you?")
			}
			return next(ctx, m)
		}
	})
	app := parley.New(memory.New(), quiet)
	app.Use(authorized)
	app.Subscriber("greet", func(name string) string { return "hello, " + name })
	greet := app.Publisher("greet")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := parley.Request[string](ctx, greet, "Ada")
	fmt.Println(err)
	fmt.Println(parley.Request[string](ctx, greet, "Ada", parley.Header("x-token", "secret")))
	// Output:
	// remote error: unauthenticated: who are you?
	// hello, Ada <nil>
}

// Middleware around publishers sees what is sent, and the outcome. Here it adds
// a header and tries once more when the broker refuses a message.
func ExampleSendMiddleware() {
	ctx := context.Background()
	retry := parley.SendMiddleware(func(next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			m.SetHeader("x-tenant", "acme")
			answer, err := next(ctx, m)
			if errors.Is(err, parley.ErrRefused) {
				return next(ctx, m)
			}
			return answer, err
		}
	})
	tenants := make(chan string, 1)
	broker := memory.New()
	app := parley.New(broker)
	app.Use(retry)
	app.Subscriber("orders", func(m *parley.Message) { tenants <- m.Header("x-tenant") })
	orders := app.Publisher("orders")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	broker.RefuseNext(1)
	fmt.Println(orders.Publish(ctx, "o-1"))
	fmt.Println(<-tenants)
	// Output:
	// <nil>
	// acme
}

// What follows a request passes no middleware, but is counted, and its end told.
// Here the reader leaves after two of a thousand items.
func ExampleStreamFrom() {
	ctx := context.Background()
	follow := parley.SendMiddleware(func(next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			if stream, ok := parley.StreamFrom(ctx); ok {
				stream.OnEnd(func(err error) { fmt.Println(m.Address, stream.Received(), err) })
			}
			return next(ctx, m)
		}
	})
	app := parley.New(memory.New(), quiet)
	app.Use(follow)
	app.Subscriber("count", func(n int) iter.Seq[int] { return slices.Values(make([]int, n)) })
	count := app.Publisher("count")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	read := 0
	for _, err := range parley.Stream[int](ctx, count, 1000) {
		if read++; err != nil || read == 2 {
			break
		}
	}
	// Output: count 2 context canceled
}

// A handler that was not given the message finds it in its context.
func ExampleMessageFrom() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("greet", func(ctx context.Context, name string) string {
		if m, ok := parley.MessageFrom(ctx); ok {
			return fmt.Sprintf("hello, %s (%s)", name, m.Type)
		}
		return "hello, " + name
	})
	greet := app.Publisher("greet")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[string](ctx, greet, "Ada", parley.Type("greeting")))
	// Output: hello, Ada (greeting) <nil>
}
