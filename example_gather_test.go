package parley_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// bakeries starts two instances that each answer what they hear, and returns a
// publisher to both of them.
func bakeries(ctx context.Context) (all *parley.Publisher, stop func()) {
	broker, street := memory.New(), topology.Fanout("street")
	customer := parley.New(broker, quiet)
	apps := []*parley.App{customer}
	for _, name := range []string{"north", "south"} {
		app := parley.New(broker, parley.Info(name, "1.0.0"), quiet)
		app.Subscriber("order", func(ctx context.Context, what string) (string, error) {
			if name == "south" && what == "rye" {
				return "", parley.NewError(parley.CodeNotFound, "no rye today")
			}
			return what + " from " + name, nil
		}, parley.From(street), parley.Broadcast())
		apps = append(apps, app)
	}
	all = customer.Publisher("order", parley.To(street))
	for _, app := range apps {
		if err := app.Start(ctx); err != nil {
			panic(err)
		}
	}
	return all, func() {
		for _, app := range apps {
			_ = app.Stop(ctx)
		}
	}
}

func ExampleGather() {
	ctx := context.Background()
	all, stop := bakeries(ctx)
	defer stop()

	for answer, err := range parley.Gather[string](ctx, all, "rye", parley.Expect(2)) {
		if err != nil {
			fmt.Println("fewer than two:", err)
			return
		}
		who, _, _ := strings.Cut(answer.From, "/")
		fmt.Println(who, "-", answer.Value, answer.Err)
	}
	// Unordered output:
	// north - rye from north <nil>
	// south -  remote error: not_found: no rye today
}

func ExampleGatherAll() {
	ctx := context.Background()
	all, stop := bakeries(ctx)
	defer stop()

	answers, err := parley.GatherAll[string](ctx, all, "wheat", parley.Expect(3), parley.AtLeast(2), parley.Timeout(time.Second))
	fmt.Println(len(answers), err)
	// Output: 2 <nil>
}

func ExampleFirst() {
	ctx := context.Background()
	all, stop := bakeries(ctx)
	defer stop()

	answer, err := parley.First[string](ctx, all, "rye")
	fmt.Println(answer.Value, err)
	// Output: rye from north <nil>
}

func ExampleCancellable() {
	ctx, cancel := context.WithCancel(context.Background())
	app := parley.New(memory.New(), quiet)
	begun, ended := make(chan struct{}), make(chan struct{})
	app.Subscriber("count", func(ctx context.Context, _ string) error {
		close(begun)
		<-ctx.Done()
		fmt.Println(context.Cause(ctx))
		close(ended)
		return ctx.Err()
	})
	count := app.Publisher("count")
	if err := app.Start(context.Background()); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(context.Background()) }()

	call := parley.Go[parley.NoBody](ctx, count, "to infinity", parley.Cancellable())
	<-begun
	cancel()
	<-ended
	_, err := call.Wait(context.Background())
	fmt.Println(parley.CodeOf(err))
	// Output:
	// canceled: the caller has given up
	// canceled
}
