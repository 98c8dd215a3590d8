package parley_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// A repeated request is answered from the store: the card is charged once.
func ExampleDeduplicate() {
	app := parley.New(memory.New(), quiet)
	var charges atomic.Int32
	app.Subscriber("cards.charge", func(context.Context, string) (string, error) {
		return fmt.Sprintf("charge %d", charges.Add(1)), nil
	}, parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{TTL: 24 * time.Hour})))
	charge := app.Publisher("cards.charge")
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = app.Stop(ctx) }()
	for range 2 {
		fmt.Println(parley.Request[string](ctx, charge, "card 1", parley.MessageID("order 7")))
	}
	fmt.Println(parley.Request[string](ctx, charge, "card 1", parley.MessageID("order 8")))
	// Output:
	// charge 1 <nil>
	// charge 1 <nil>
	// charge 2 <nil>
}
