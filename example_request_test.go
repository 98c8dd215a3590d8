package parley_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Ping answers a ping.
func Ping(_ context.Context, ping string) (string, error) {
	if ping != "ping" {
		return "", parley.NewError(parley.CodeInvalidArgument, "say ping")
	}
	return "pong", nil
}

// Sleep takes longer than its caller has.
func Sleep(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// The type parameter says what the answer is decoded into.
func ExampleRequest() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("ping", Ping)
	ping := app.Publisher("ping")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := parley.Request[string](ctx, ping, "ping")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer)
	// Output: pong
}

// An untyped request is answered with the message as it stands on the wire.
func ExamplePublisher_Request() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("ping", Ping)
	ping := app.Publisher("ping")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := ping.Request(ctx, "ping")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, %s\n", answer.ContentType, answer.Body)
	// Output: text/plain, pong
}

// A request waits 30 s; Timeout says otherwise.
func ExampleTimeout() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("sleep", Sleep)
	sleep := app.Publisher("sleep")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := parley.Request[string](ctx, sleep, "zzz", parley.Timeout(100*time.Millisecond))
	fmt.Println(errors.Is(err, parley.ErrTimeout))
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	fmt.Println(errors.Is(err, parley.ErrOutcomeUnknown)) // the handler may have run
	// Output:
	// true
	// true
	// true
}

// NoTimeout waits as long as the context lives. The request and its answer
// survive a restart of the broker.
func ExampleNoTimeout() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("ping", Ping)
	ping := app.Publisher("ping", parley.NoTimeout())
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[string](ctx, ping, "ping"))
	fmt.Println(parley.Request[string](ctx, ping, "ping", parley.Timeout(3*time.Second))) // the nearest option wins
	// Output:
	// pong <nil>
	// pong <nil>
}

// With QuietTimeout no answer in time is no error, and no value.
func ExampleQuietTimeout() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("sleep", Sleep)
	sleep := app.Publisher("sleep", parley.Timeout(100*time.Millisecond), parley.QuietTimeout())
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := parley.Request[*string](ctx, sleep, "zzz")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("answered:", answer != nil)
	// Output: answered: false
}

// With ReplyTo nobody waits: the answer goes to the subscriber of another
// queue, in this app or elsewhere.
func ExampleReplyTo() {
	ctx := context.Background()
	answers := make(chan string)
	app := parley.New(memory.New())
	app.Subscriber("ping", Ping)
	app.Subscriber("answers", func(m *parley.Message) {
		answers <- fmt.Sprintf("%s to %s", m.Body, m.CorrelationID)
	})
	ping := app.Publisher("ping")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	if err := ping.Publish(ctx, "ping", parley.ReplyTo("answers"), parley.CorrelationID("ping-1")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-answers)
	// Output: pong to ping-1
}

// Go sends at once and lets the answers come while something else is done.
func ExampleGo() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("square", func(n int) int { return n * n })
	square := app.Publisher("square")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	var calls []*parley.Call[int]
	for n := range 5 {
		calls = append(calls, parley.Go[int](ctx, square, n))
	}
	sum := 0
	for _, call := range calls {
		n, err := call.Wait(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		sum += n
	}
	fmt.Println(sum)
	// Output: 30
}

// The context of Wait bounds that wait alone: the call goes on.
func ExampleCall_Wait() {
	ctx := context.Background()
	release := make(chan struct{})
	app := parley.New(memory.New())
	app.Subscriber("slow", func() string {
		<-release
		return "at last"
	})
	slow := app.Publisher("slow")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	call := parley.Go[string](ctx, slow, nil)
	impatient, cancel := context.WithCancel(ctx)
	cancel()
	_, err := call.Wait(impatient)
	fmt.Println(errors.Is(err, context.Canceled))
	close(release)
	fmt.Println(call.Wait(ctx))
	// Output:
	// true
	// at last <nil>
}
