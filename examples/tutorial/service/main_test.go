package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func TestPlaceOrder(t *testing.T) {
	t.Parallel()
	app := NewApp(memory.New())
	place := app.Publisher("orders.place")
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.Background())) }()

	receipt, err := parley.Request[Receipt](t.Context(), place, Order{SKU: "tea", Qty: 2})
	require.NoError(t, err)
	require.Equal(t, Receipt{Cents: 700}, receipt)

	_, err = parley.Request[Receipt](t.Context(), place, Order{SKU: "cake", Qty: 1})
	require.Equal(t, parley.CodeNotFound, parley.CodeOf(err))

	_, err = parley.Request[Receipt](t.Context(), place, Order{SKU: "tea"})
	require.Equal(t, parley.CodeInvalidArgument, parley.CodeOf(err))
	require.ErrorContains(t, err, "qty")
}

func TestNobodyAnswersInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		app.Subscriber("orders.place", func(ctx context.Context, _ Order) error {
			<-ctx.Done()
			return ctx.Err()
		})
		place := app.Publisher("orders.place")
		require.NoError(t, app.Start(t.Context()))

		begin := time.Now()
		_, err := place.Request(t.Context(), Order{SKU: "tea", Qty: 1})
		require.ErrorIs(t, err, parley.ErrTimeout)
		require.Equal(t, parley.DefaultTimeout, time.Since(begin))
		require.NoError(t, app.Stop(context.Background()))
	})
}
