// Command testing is a small service whose tests show how services are tested:
// see main_test.go. It answers "orders.place", asks "payments.charge" for the
// money, and publishes each receipt to "receipts". PARLEY_URL says where the
// broker is, amqp://guest:guest@localhost:5672/ by default.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func main() {
	url := os.Getenv("PARLEY_URL")
	if url == "" {
		url = "amqp://guest:guest@localhost:5672/"
	}
	if err := NewApp(rabbitmq.New(url)).Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// Order is what customers send.
type Order struct {
	ID    string `json:"id"    validate:"required"`
	Cents int    `json:"cents" validate:"gt=0"`
}

// Charge is what the payment service takes.
type Charge struct {
	Order string `json:"order"`
	Cents int    `json:"cents"`
}

// Paid is what it answers.
type Paid struct {
	Reference string `json:"reference"`
}

// Receipt is what customers get.
type Receipt struct {
	Order     string `json:"order"`
	Reference string `json:"reference"`
}

// Shop places orders.
type Shop struct{ charge *parley.Publisher }

// Place charges an order. While the payment service cannot be reached, an order
// without a waiting customer is tried again.
func (s *Shop) Place(ctx context.Context, o Order) (Receipt, error) {
	paid, err := parley.Request[Paid](ctx, s.charge, Charge{Order: o.ID, Cents: o.Cents}, parley.Timeout(5*time.Second))
	if err != nil {
		// What the payment service says on purpose decides about a retry.
		return Receipt{}, parley.NewError(parley.CodeOf(err), "the order could not be charged")
	}
	return Receipt{Order: o.ID, Reference: paid.Reference}, nil
}

// NewApp declares the service.
func NewApp(t transport.Transport, opts ...parley.Option) *parley.App {
	app := parley.New(t, append([]parley.Option{parley.Info("shop", "1.0.0")}, opts...)...)
	shop := &Shop{charge: app.Publisher("payments.charge")}
	app.Subscriber("orders.place", shop.Place,
		parley.PublishTo("receipts"),
		parley.Retry(parley.Delayed(time.Minute, time.Hour)))
	return app
}
