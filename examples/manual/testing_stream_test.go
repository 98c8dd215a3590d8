package manual_test

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
	"github.com/parley-go/parley/transport"
)

// Catalogue is a service that reads another one's stream.
type Catalogue struct{ stock *parley.Publisher }

// Count counts what the stock streams, and says whether that was all.
func (c *Catalogue) Count(ctx context.Context, shelf string) (string, error) {
	n := 0
	for _, err := range parley.Stream[Item](ctx, c.stock, shelf) {
		if err != nil {
			return fmt.Sprintf("at least %d: %v", n, err), nil
		}
		n++
	}
	return fmt.Sprint(n), nil
}

func newCatalogue(t transport.Transport) *parley.App {
	app := parley.New(t, parley.Info("catalogue", "1.0.0"), quiet)
	c := &Catalogue{app.Publisher("stock.list")}
	app.Subscriber("catalogue.count", c.Count)
	return app
}

// listStock yields one item and then takes its time.
func listStock(ctx context.Context, shelf string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if yield(Item{SKU: "tea", Qty: 2}, nil) && shelf == "endless" {
			<-ctx.Done()
		}
	}
}

func TestStreamedStock(t *testing.T) {
	app := parley.New(production, quiet)
	app.Subscriber("stock.list", listStock)
	ts := parleytest.Start(t, app)

	items, end := parleytest.Collect(parleytest.Stream[Item](ts, "stock.list", "tea"))
	require.NoError(t, end)
	require.Equal(t, []Item{{SKU: "tea", Qty: 2}}, items)
	ts.Subscriber("stock.list").Streamed(Item{SKU: "tea", Qty: 2}).Handled()

	for _, err := range parleytest.Stream[Item](ts, "stock.list", "endless") {
		require.NoError(t, err)
		break // the reader leaves, and the handler is cancelled
	}
	ts.Subscriber("stock.list").CalledWith("endless").Streamed(Item{SKU: "tea", Qty: 2}).Settled(parleytest.Ack)

	end = nil
	for _, err := range parleytest.Stream[Item](ts, "stock.list", "endless") {
		if end = err; err == nil {
			ts.Broker().Disconnect()
		}
	}
	require.ErrorIs(t, end, parley.ErrStreamLost)
}

func TestSilentStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := parleytest.Start(t, newCatalogue(production))
		ts.Stub("stock.list", listStock)

		begin := time.Now()
		time.AfterFunc(time.Second, ts.Broker().StallStreams)
		said, err := parleytest.Request[string](ts, "catalogue.count", "endless")
		require.NoError(t, err)
		require.Contains(t, said, "at least 1: ")
		require.InDelta(t, 15*time.Second, time.Since(begin), float64(2*time.Second)) // virtual
	})
}
