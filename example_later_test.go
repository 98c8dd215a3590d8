package parley_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func ExampleReplies() {
	ctx := context.Background()
	broker := memory.New()
	service := parley.New(broker, quiet)
	service.Subscriber("double", func(_ context.Context, n int) (int, error) {
		if n > 100 {
			return 0, parley.NewError(parley.CodeOutOfRange, "too much")
		}
		return 2 * n, nil
	})
	done := make(chan struct{})
	client := parley.New(broker, quiet)
	parley.Replies(client, "answers", func(_ context.Context, a parley.Answer[int]) error {
		fmt.Println(a.Token, a.Value, a.Err)
		done <- struct{}{}
		return nil
	})
	double := client.Publisher("double")
	for _, app := range []*parley.App{service, client} {
		if err := app.Start(ctx); err != nil {
			panic(err)
		}
		defer func() { _ = app.Stop(ctx) }()
	}

	for _, n := range []int{21, 1000} {
		err := double.Publish(ctx, n, parley.ReplyTo("answers"), parley.Token(fmt.Sprint("of ", n)))
		if err != nil {
			panic(err)
		}
		<-done
	}
	// Output:
	// of 21 42 <nil>
	// of 1000 0 remote error: out_of_range: too much
}

func ExampleLater() {
	ctx := context.Background()
	broker := memory.New()
	tokens := make(chan string, 1)
	app := parley.New(broker, quiet)
	app.Subscriber("approve", func(_ context.Context, _ string, answer parley.Later[string]) error {
		fmt.Println("outlives its caller:", answer.Outlives())
		tokens <- answer.Token() // a service keeps it in its database
		return nil
	})
	approve := app.Publisher("approve")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(ctx) }()

	call := parley.Go[string](ctx, approve, "a holiday", parley.NoTimeout())
	token := <-tokens
	// In any process of the service, when somebody has decided:
	if err := parley.Reply(ctx, app, token, "granted"); err != nil {
		panic(err)
	}
	fmt.Println(call.Wait(ctx))
	// Output:
	// outlives its caller: false
	// granted <nil>
}

func ExampleReplyError() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	tokens := make(chan string, 1)
	app.Subscriber("approve", func(_ context.Context, _ string, answer parley.Later[string]) { tokens <- answer.Token() })
	approve := app.Publisher("approve")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(ctx) }()

	call := parley.Go[string](ctx, approve, "a holiday")
	refused := parley.NewError(parley.CodePermissionDenied, "not in August")
	fmt.Println(parley.ReplyError(ctx, app, <-tokens, refused))
	_, err := call.Wait(ctx)
	fmt.Println(err)

	// Nobody asked for an answer.
	if err := approve.Publish(ctx, "a holiday"); err != nil {
		panic(err)
	}
	fmt.Println(errors.Is(parley.Reply(ctx, app, <-tokens, "granted"), parley.ErrNotWanted))
	// Output:
	// <nil>
	// remote error: permission_denied: not in August
	// true
}

func ExampleTrack() {
	ctx := context.Background()
	pending := parley.NewMemoryPending()
	app := parley.New(memory.New(), quiet, parley.Track(pending))
	app.Subscriber("silence", func(string, parley.Later[string]) {})
	silence := app.Publisher("silence")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(ctx) }()

	err := silence.Publish(ctx, "hello?", parley.ReplyTo("answers"), parley.Token("greeting 1"), parley.Due(time.Hour))
	if err != nil {
		panic(err)
	}
	overdue, err := pending.Overdue(ctx, time.Now().Add(2*time.Hour), 10)
	for _, p := range overdue {
		fmt.Println(p.Address, p.Token, p.Due.Sub(p.Sent))
	}
	fmt.Println(err)
	// Output:
	// silence greeting 1 1h0m0s
	// <nil>
}
