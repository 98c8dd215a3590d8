// Command service is a service on RabbitMQ that stays up until it is stopped.
//
// It answers "orders.place" and publishes each receipt to "orders.placed".
// PARLEY_URL says where the broker is, amqp://guest:guest@localhost:5672/ by
// default. SIGINT or SIGTERM stops it: what is in hand is finished first.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

func main() {
	url := os.Getenv("PARLEY_URL")
	if url == "" {
		url = "amqp://guest:guest@localhost:5672/"
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	app := NewApp(rabbitmq.New(url), parley.Logger(log))
	log.Info("service begins")
	if err := app.Run(context.Background()); err != nil {
		log.Error("service ended", "error", err)
		os.Exit(1)
	}
	log.Info("service ended")
}

// Order is what customers send.
type Order struct {
	ID    string `json:"id"    validate:"required"`
	Items []Item `json:"items" validate:"required,min=1,dive"`
}

// Item is one line of an [Order].
type Item struct {
	SKU   string  `json:"sku"   validate:"required,max=32"`
	Qty   int     `json:"qty"   validate:"gt=0"`
	Price float64 `json:"price" validate:"gte=0"`
}

// Receipt is what they get.
type Receipt struct {
	OrderID string  `json:"order_id"`
	Total   float64 `json:"total"`
}

// PlaceOrder prices an order.
func PlaceOrder(_ context.Context, o Order) (Receipt, error) {
	r := Receipt{OrderID: o.ID}
	for _, item := range o.Items {
		r.Total += float64(item.Qty) * item.Price
	}
	return r, nil
}

// NewApp declares the service. Tests run the same app on another transport.
func NewApp(t transport.Transport, opts ...parley.Option) *parley.App {
	app := parley.New(t, append([]parley.Option{parley.Info("orders", "1.0.0")}, opts...)...)
	placed := parley.PublishTo("orders.placed", parley.To(topology.Topic("orders")))
	app.Subscriber("orders.place", PlaceOrder, placed)
	return app
}
