package manual_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// Placer is what Basket needs of the order service.
type Placer interface {
	Call(ctx context.Context, o Order, opts ...parley.SendOption) (Receipt, error)
}

// Basket becomes an order.
type Basket struct{ orders Placer }

// Buy places the order.
func (c Basket) Buy(ctx context.Context, o Order) (int, error) {
	receipt, err := c.orders.Call(ctx, o)
	return receipt.Items, err
}

// fakePlacer stands for the order service in a test.
type fakePlacer func(Order) (Receipt, error)

func (f fakePlacer) Call(_ context.Context, o Order, _ ...parley.SendOption) (Receipt, error) {
	return f(o)
}

func TestClient(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.Subscriber("orders.place", PlaceOrder)

	orders := parley.NewClient[Order, Receipt](app, "orders.place")
	basket := Basket{orders}

	start(t, app)
	ctx := t.Context()
	bought, err := basket.Buy(ctx, order)
	require.NoError(t, err)
	require.Equal(t, 2, bought)

	receipt, err := orders.Call(ctx, order)
	require.NoError(t, err)
	call := orders.Go(ctx, order)
	err = orders.Send(ctx, order)
	require.NoError(t, err)
	later, err := call.Wait(ctx)
	require.NoError(t, err)
	require.Equal(t, receipt, later)

	basket = Basket{fakePlacer(func(Order) (Receipt, error) { return Receipt{Items: 1}, nil })}
	bought, err = basket.Buy(ctx, order)
	require.NoError(t, err)
	require.Equal(t, 1, bought)
}
