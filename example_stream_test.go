package parley_test

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func ExampleStream() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("countdown", func(_ context.Context, from int) iter.Seq[int] {
		return func(yield func(int) bool) {
			for n := from; n > 0 && yield(n); n-- {
			}
		}
	})
	countdown := app.Publisher("countdown")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(ctx) }()

	for n, err := range parley.Stream[int](ctx, countdown, 1_000_000) {
		if err != nil || n < 999_998 {
			break // stops the handler
		}
		fmt.Println(n)
	}
	// Output:
	// 1000000
	// 999999
	// 999998
}

func ExampleSender() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("words", func(ctx context.Context, text string, words parley.Sender[string]) error {
		for _, word := range []string{text, "world"} {
			if err := words.Send(ctx, word); err != nil {
				return err // the reader has left
			}
		}
		return parley.NewError(parley.CodeOutOfRange, "no more words")
	})
	words := app.Publisher("words")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(ctx) }()

	for word, err := range parley.Stream[string](ctx, words, "hello") {
		fmt.Println(word, err)
	}
	// Output:
	// hello <nil>
	// world <nil>
	//  remote error: out_of_range: no more words
}

func ExampleStreamError() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	missing := app.Publisher("no.such.queue")
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = app.Stop(ctx) }()

	for _, err := range parley.Stream[string](ctx, missing, "hello", parley.MaxReplies(10)) {
		if failed, ok := errors.AsType[*parley.StreamError](err); ok {
			fmt.Println(failed.Address, failed.Items, errors.Is(err, parley.ErrNoRoute))
		}
	}
	// Output:
	// no.such.queue 0 true
}
