package parley_test

import (
	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// NewShop is a service on RabbitMQ.
func NewShop() *parley.App {
	app := parley.New(rabbitmq.New("amqp://guest:guest@localhost:5672/"), parley.Info("shop", "1.0.0"))
	app.Subscriber("orders.place", PlaceOrder)
	return app
}
