// Command service is the tutorial's service: it prices orders.
//
// PARLEY_URL says where RabbitMQ is, amqp://guest:guest@localhost:5672/ by
// default.
package main

import (
	"cmp"
	"context"
	"log"
	"os"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// Order is what customers send.
type Order struct {
	SKU string `json:"sku" validate:"required"`
	Qty int    `json:"qty" validate:"gt=0"`
}

// Receipt is what they get.
type Receipt struct {
	Cents int `json:"cents"`
}

var prices = map[string]int{"tea": 350, "cup": 900}

// PlaceOrder prices an order. What it returns is sent to whoever asked.
func PlaceOrder(_ context.Context, o Order) (Receipt, error) {
	price, ok := prices[o.SKU]
	if !ok {
		return Receipt{}, parley.NewError(parley.CodeNotFound, "no such article")
	}
	return Receipt{Cents: o.Qty * price}, nil
}

// NewApp declares the service.
func NewApp(t transport.Transport) *parley.App {
	app := parley.New(t, parley.Info("shop", "1.0.0"))
	app.Subscriber("orders.place", PlaceOrder)
	return app
}

func main() {
	url := cmp.Or(os.Getenv("PARLEY_URL"), "amqp://guest:guest@localhost:5672/")
	app := NewApp(rabbitmq.New(url))
	if err := app.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
