package main

import (
	"context"
	"log/slog"

	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
	"github.com/parley-go/parley/transport/topology"
)

// Mail is the module that tells customers.
var Mail = fx.Module("mail",
	fx.Provide(NewOutbox),
	parleyfx.Subscriber("orders.placed", (*Outbox).Tell, parley.From(topology.Topic("orders"), topology.Queue("mail"))),
)

// Outbox sends mail while it is open: from before the first message until after
// the last one.
type Outbox struct {
	log  *slog.Logger
	open bool
	// Sent has the address of each mail.
	Sent chan string
}

// NewOutbox opens and closes the outbox with the application. It is a dependency
// of a handler, so it is open before the app starts, and closed after it stopped.
func NewOutbox(life fx.Lifecycle, log *slog.Logger) *Outbox {
	o := &Outbox{log: log, Sent: make(chan string, 16)}
	life.Append(fx.StartStopHook(func() { o.open = true }, func() { o.open = false }))
	return o
}

// Tell writes to the customer of a receipt.
func (o *Outbox) Tell(_ context.Context, r Receipt) error {
	if !o.open {
		return parley.NewError(parley.CodeUnavailable, "the outbox is closed")
	}
	o.log.Info("mail", "order", r.OrderID)
	o.Sent <- r.Customer
	return nil
}
