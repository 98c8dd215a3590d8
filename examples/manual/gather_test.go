package manual_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// Price is what a shop asks for an [Item].
type Price struct {
	Cents int `json:"cents"`
}

// cheapest asks three shops.
func cheapest(ctx context.Context, shops *parley.Publisher) (best Price, err error) {
	var failed []string
	for answer, err := range parley.Gather[Price](ctx, shops, Item{SKU: "tea", Qty: 1}, parley.Expect(3)) {
		switch {
		case err != nil:
			return best, err
		case answer.Err != nil:
			failed = append(failed, answer.From)
		case best.Cents == 0 || answer.Value.Cents < best.Cents:
			best = answer.Value
		}
	}
	if len(failed) == 3 {
		return best, parley.NewError(parley.CodeUnavailable, "no shop is open")
	}
	return best, nil
}

func TestGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		app, broker := newApp()
		for i := range 3 {
			shop := parley.New(broker, parley.Info("shop", "1.0.0"), quiet)
			price := func(ctx context.Context, _ Item) (Price, error) {
				if i == 0 {
					return Price{}, parley.NewError(parley.CodeNotFound, "sold out")
				}
				select {
				case <-time.After(time.Duration(i) * 400 * time.Millisecond):
					return Price{100 * i}, nil
				case <-ctx.Done():
					return Price{}, ctx.Err()
				}
			}
			registerShop(shop, price)
			start(t, shop)
		}
		shops := app.Publisher("price", parley.To(topology.Fanout("shops")))
		start(t, app)
		best, err := cheapest(ctx, shops)
		require.NoError(t, err)
		require.Equal(t, 100, best.Cents)
		gatherOthers(ctx, t, shops)
	})
}

func registerShop(shop *parley.App, price func(context.Context, Item) (Price, error)) {
	shop.Subscriber("price", price, parley.From(topology.Fanout("shops")), parley.Broadcast())
}

func gatherOthers(ctx context.Context, t *testing.T, shops *parley.Publisher) {
	t.Helper()
	answers, err := parley.GatherAll[Price](ctx, shops, Item{SKU: "tea", Qty: 1}, parley.For(time.Second))
	require.NoError(t, err)
	require.Len(t, answers, 3)

	answer, err := parley.First[Price](ctx, shops, Item{SKU: "tea", Qty: 1}, parley.Timeout(2*time.Second))
	require.NoError(t, err)
	require.Equal(t, 100, answer.Value.Cents)
}
