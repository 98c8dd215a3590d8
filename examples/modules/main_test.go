package main

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestMain(m *testing.M) { rabbittest.Main(m) }

// shop starts the service on another transport than the configured one.
func shop(t *testing.T, tr transport.Transport, opts ...fx.Option) {
	t.Helper()
	app := fxtest.New(t, append([]fx.Option{
		Service(),
		fx.Replace(fx.Annotate(tr, fx.As(new(transport.Transport)))),
		fx.Replace(slog.New(slog.DiscardHandler)),
		fx.Invoke(func(app *parley.App) { asyncapi.Watch(t, app) }),
	}, opts...)...)
	app.RequireStart()
	t.Cleanup(app.RequireStop)
}

func place(t *testing.T, tr transport.Transport) {
	t.Helper()
	var (
		client *parley.Client[Order, Receipt]
		ledger *Ledger
		outbox *Outbox
	)
	shop(t, tr, fx.Populate(&client, &ledger, &outbox))
	receipt, err := client.Call(t.Context(), Order{ID: "o1", Customer: "ann@example.com", Cents: 1990})
	require.NoError(t, err)
	require.Equal(t, Receipt{OrderID: "o1", Customer: "ann@example.com", Payment: "pay-o1"}, receipt)
	require.Equal(t, 1990, ledger.Charged("o1"))
	select {
	case to := <-outbox.Sent:
		require.Equal(t, "ann@example.com", to)
	case <-t.Context().Done():
		require.Fail(t, "no mail")
	}
}

func TestOnMemory(t *testing.T) {
	t.Parallel()
	place(t, memory.New())
}

func TestOnRabbitMQ(t *testing.T) {
	t.Parallel()
	place(t, rabbitmq.New(rabbittest.URL(t)))
}

// broke refuses every charge.
type broke struct{}

func (broke) Call(context.Context, Charge, ...parley.SendOption) (Paid, error) {
	return Paid{}, parley.NewError(parley.CodeFailedPrecondition, "no money")
}

// The client of another module is an interface to whoever uses it: a test
// decorates it away.
func TestWithoutMoney(t *testing.T) {
	t.Parallel()
	var client *parley.Client[Order, Receipt]
	shop(t, memory.New(), fx.Decorate(func() Charger { return broke{} }), fx.Populate(&client))
	_, err := client.Call(t.Context(), Order{ID: "o1", Customer: "ann@example.com", Cents: 1990})
	require.Equal(t, parley.CodeFailedPrecondition, parley.CodeOf(err))
}
