package main

import (
	"context"
	"sync"

	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
)

// Payments is the module that charges. Its router puts "payments." in front of
// its addresses.
var Payments = fx.Module("payments",
	fx.Provide(NewLedger),
	parleyfx.Router("payments", parley.Retry(parley.Immediate(2))),
	parleyfx.Subscriber("charge", TakeCharge),
	parleyfx.Client[Charge, Paid]("charge"),
	fx.Provide(func(c *parley.Client[Charge, Paid]) Charger { return c }),
)

// Charge asks for money.
type Charge struct {
	OrderID string `json:"order_id" validate:"required"`
	Cents   int    `json:"cents"    validate:"gt=0,lte=100000"`
}

// Paid says that it came.
type Paid struct {
	Reference string `json:"reference"`
}

// Ledger remembers what was charged, each order once.
type Ledger struct {
	mu    sync.Mutex
	cents map[string]int
}

// NewLedger is called by fx.
func NewLedger() *Ledger { return &Ledger{cents: map[string]int{}} }

// TakeCharge is a plain function; the ledger is a parameter that the container
// fills in.
func TakeCharge(_ context.Context, c Charge, ledger *Ledger) (Paid, error) {
	ledger.mu.Lock()
	defer ledger.mu.Unlock()
	ledger.cents[c.OrderID] = c.Cents
	return Paid{Reference: "pay-" + c.OrderID}, nil
}

// Charged returns what an order cost.
func (l *Ledger) Charged(order string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cents[order]
}
