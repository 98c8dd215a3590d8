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

// Many requests, one answer: a value that is a sequence is sent item by item,
// and the handler reads it while the rest is still to come.
func ExampleRequest_clientStream() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("readings", func(_ context.Context, readings iter.Seq2[int, error]) (float64, error) {
		sum, n := 0, 0
		for r, err := range readings {
			if err != nil {
				return 0, err // what came before is good, and not all of it
			}
			sum, n = sum+r, n+1
		}
		return float64(sum) / float64(n), nil
	})
	readings := app.Publisher("readings")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(ctx) }()

	average, err := parley.Request[float64](ctx, readings, slices.Values([]int{20, 21, 25}))
	fmt.Println(average, err)

	torn := errors.New("the sensor is gone")
	_, err = parley.Request[float64](ctx, readings, iter.Seq2[int, error](func(yield func(int, error) bool) {
		_ = yield(20, nil) && yield(0, torn)
	}))
	fmt.Println(errors.Is(err, torn))
	// Output:
	// 22 <nil>
	// true
}

// Both directions at once: each word is answered while the next one is on its
// way.
func ExampleStream_bothDirections() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("lengths", func(words iter.Seq[string]) iter.Seq[int] {
		return func(yield func(int) bool) {
			for word := range words {
				if !yield(len(word)) {
					return
				}
			}
		}
	})
	lengths := app.Publisher("lengths")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(ctx) }()

	for n, err := range parley.Stream[int](ctx, lengths, slices.Values([]string{"one", "three"})) {
		fmt.Println(n, err)
	}
	// Output:
	// 3 <nil>
	// 5 <nil>
}
