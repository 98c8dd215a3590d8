// Package manual_test is the code that the pages of docs show, each page in a
// file of its own.
package manual_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Order is what customers send.
type Order struct {
	ID    string `json:"id"    validate:"required,max=36"`
	Items []Item `json:"items" validate:"required,min=1,dive"`
}

// Item is one line of an [Order].
type Item struct {
	SKU string `json:"sku" validate:"required"`
	Qty int    `json:"qty" validate:"gt=0"`
}

// Receipt is what they get.
type Receipt struct {
	OrderID string `json:"order_id"`
	Items   int    `json:"items"`
}

var order = Order{ID: "o1", Items: []Item{{SKU: "tea", Qty: 2}}}

// PlaceOrder counts the items of an order.
func PlaceOrder(_ context.Context, o Order) (Receipt, error) {
	r := Receipt{OrderID: o.ID}
	for _, item := range o.Items {
		r.Items += item.Qty
	}
	return r, nil
}

// quiet keeps the failures that tests provoke out of their output.
var quiet = parley.Logger(slog.New(slog.DiscardHandler))

func newApp(opts ...parley.Option) (*parley.App, *memory.Broker) {
	broker := memory.New()
	return parley.New(broker, append([]parley.Option{parley.Info("shop", "1.0.0"), quiet}, opts...)...), broker
}

// start runs an app until the test ends.
func start(t *testing.T, app *parley.App) {
	t.Helper()
	require.NoError(t, app.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, app.Stop(context.Background())) })
}
