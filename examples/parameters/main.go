// Command parameters is a service whose handler gets, for each message, the
// user who sent it, a transaction on a database and a logger: it commits when
// the message is handled and rolls back when it is not.
//
// It runs on the in-memory transport; with PARLEY_URL=amqp://… on RabbitMQ.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func main() {
	var t transport.Transport = memory.New()
	if url := os.Getenv("PARLEY_URL"); url != "" {
		t = rabbitmq.New(url)
	}
	if err := run(context.Background(), os.Stdout, t); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Order is what customers send.
type Order struct {
	ID  string `json:"id"  validate:"required,max=36"`
	SKU string `json:"sku" validate:"required,max=32"`
	Qty int    `json:"qty" validate:"gt=0"`
}

// Receipt is what they get.
type Receipt struct {
	OrderID  string `json:"order_id"`
	Customer string `json:"customer"`
}

// Shop takes orders.
type Shop struct {
	// Charge asks for the money.
	Charge func(ctx context.Context, u User, o Order) error
}

// Place writes an order down, takes its goods from the stock and charges the
// customer: all of it or nothing.
func (s *Shop) Place(ctx context.Context, o Order, u User, tx *sql.Tx, log *slog.Logger) (Receipt, error) {
	if _, err := tx.ExecContext(ctx, `INSERT INTO orders (id, customer, sku, qty) VALUES (?, ?, ?, ?)`, o.ID, u.Name, o.SKU, o.Qty); err != nil {
		return Receipt{}, err
	}
	taken, err := tx.ExecContext(ctx, `UPDATE stock SET qty = qty - ? WHERE sku = ? AND qty >= ?`, o.Qty, o.SKU, o.Qty)
	if err != nil {
		return Receipt{}, err
	}
	if n, err := taken.RowsAffected(); err != nil || n == 0 {
		return Receipt{}, parley.NewError(parley.CodeFailedPrecondition, "not in stock").WithCause(err)
	}
	if err := s.Charge(ctx, u, o); err != nil {
		return Receipt{}, err
	}
	log.Info("order placed", "order", o.ID)
	return Receipt{OrderID: o.ID, Customer: u.Name}, nil
}

// NewApp declares the service. Tests run the same app.
func NewApp(t transport.Transport, db *sql.DB, log *slog.Logger, shop *Shop) *parley.App {
	app := parley.New(
		t, parley.Info("shop", "1.0.0"), parley.Logger(log),
		parley.Param(Transactions(db)),
		parley.Param(CurrentUser),
		parley.Param(Loggers(log)),
	)
	app.Subscriber("shop.place", shop.Place, parley.Retry(parley.Immediate(2)))
	return app
}

// run places two orders, one of which is for more than there is.
func run(ctx context.Context, w io.Writer, t transport.Transport) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp("", "parley-parameters")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	db, err := Open(ctx, filepath.Join(folder, "shop.db"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()

	shop := &Shop{Charge: func(context.Context, User, Order) error { return nil }}
	app := NewApp(t, db, slog.New(slog.DiscardHandler), shop)
	place := parley.NewClient[Order, Receipt](app, "shop.place")
	if err := app.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = app.Stop(context.WithoutCancel(ctx)) }()
	for _, o := range []Order{{ID: "o1", SKU: "tea", Qty: 2}, {ID: "o2", SKU: "tea", Qty: 20}} {
		if r, err := place.Call(ctx, o, parley.Header("x-token", "ada's token")); err != nil {
			fmt.Fprintln(w, err)
		} else {
			fmt.Fprintf(w, "%s ordered %s\n", r.Customer, r.OrderID)
		}
	}
	_, err = place.Call(ctx, Order{ID: "o3", SKU: "tea", Qty: 1})
	fmt.Fprintln(w, err)
	var orders, tea int
	if err := db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM orders), qty FROM stock`).Scan(&orders, &tea); err != nil {
		return err
	}
	fmt.Fprintf(w, "orders: %d, tea in stock: %d\n", orders, tea)
	return nil
}
