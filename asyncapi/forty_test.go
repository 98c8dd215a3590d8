package asyncapi_test

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// forty is a service of forty operations, as large ones are.
func forty() *parley.App {
	app := parley.New(memory.New(), parley.Info("warehouse", "12.0.3"))
	things := []string{"order", "invoice", "customer", "parcel", "article", "supplier", "return", "voucher"}
	for i, thing := range things {
		exchange := "warehouse"
		if i == 1 {
			exchange = "warehouse.events-of-the-northern-DISTRIBUTION-centre"
		}
		app.Subscriber(thing+".place", func(context.Context, Order) (Receipt, error) { return Receipt{OrderID: "42", Total: 1990}, nil },
			parley.Describe(fmt.Sprintf("Places one %s.", thing), "The price is that of the moment. What is out of stock is refused."),
			parley.Errors(parley.CodeNotFound, parley.CodeFailedPrecondition),
			parley.Retry(parley.Immediate(i%3), parley.Delayed(time.Second, time.Minute)), parley.From(topology.Quorum()),
			parley.PublishTo(thing+".placed", parley.To(topology.Topic(exchange))))
		app.Subscriber(thing+".list", func(context.Context, string) (Page[Receipt], error) { return Page[Receipt]{}, nil },
			parley.Describe(fmt.Sprintf("Lists every %s of a customer.", thing), ""))
		app.Subscriber(thing+".{tenant}.paid", func(context.Context, Captured) error { return nil },
			parley.From(topology.Topic("payments")), parley.Describe(fmt.Sprintf("Notes that the %s is paid.", thing), ""))
		app.Publisher(thing+".{tenant}.changed", parley.To(topology.Topic(exchange+".changes")), parley.Payload[Placed]())
	}
	return app
}

// single is a service of one operation.
func single() *parley.App {
	app := parley.New(memory.New(), parley.Info("orders", "1.4.0"))
	app.Subscriber("orders.place", counter{}.PlaceOrder,
		parley.Describe("Prices an order and reserves its stock.", "The stock is held for `30 minutes`."),
		parley.Errors(parley.CodeFailedPrecondition, parley.CodeNotFound),
		parley.Retry(parley.Immediate(2), parley.Delayed(time.Second, time.Minute)), parley.From(topology.Quorum()))
	return app
}

type counter struct{}

// PlaceOrder sells everything but what is gone.
func (counter) PlaceOrder(_ context.Context, o Order) (Receipt, error) {
	if o.Items[0].SKU == "gone" {
		return Receipt{}, parley.NewError(parley.CodeFailedPrecondition, "out of stock")
	}
	return Receipt{OrderID: o.ID, Total: 1990}, nil
}
