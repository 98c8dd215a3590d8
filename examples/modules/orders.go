package main

import (
	"context"

	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
	"github.com/parley-go/parley/transport/topology"
)

// Orders is the module that takes orders.
var Orders = fx.Module("orders",
	fx.Provide(NewDesk),
	parleyfx.Subscriber("orders.place", (*Desk).Place,
		parley.PublishTo("orders.placed", parley.To(topology.Topic("orders")))),
	parleyfx.Client[Order, Receipt]("orders.place"),
)

// Order is what a customer sends.
type Order struct {
	ID       string `json:"id"       validate:"required"`
	Customer string `json:"customer" validate:"required,email"`
	Cents    int    `json:"cents"    validate:"gt=0"`
}

// Receipt answers an order.
type Receipt struct {
	OrderID  string `json:"order_id"`
	Customer string `json:"customer"`
	Payment  string `json:"payment"`
}

// Charger charges a customer: the typed client of the payments module, or what
// a test puts in its place.
type Charger interface {
	Call(ctx context.Context, c Charge, opts ...parley.SendOption) (Paid, error)
}

// Desk takes orders.
type Desk struct{ payments Charger }

// NewDesk is called by fx.
func NewDesk(payments Charger) *Desk { return &Desk{payments} }

// Place has an order paid for. Its receipt goes to whoever asked, and to
// everybody who listens to orders.placed.
func (d *Desk) Place(ctx context.Context, o Order) (Receipt, error) {
	paid, err := d.payments.Call(ctx, Charge{OrderID: o.ID, Cents: o.Cents})
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{OrderID: o.ID, Customer: o.Customer, Payment: paid.Reference}, nil
}
