package parleytest_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/testing/parleytest"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestMain(m *testing.M) {
	// The tests choose for themselves.
	_ = os.Unsetenv(parleytest.EnvURL)
	rabbittest.Main(m, func(code int) int {
		if err := goleak.Find(); err != nil && code == 0 {
			println(err.Error())
			return 1
		}
		return code
	})
}

// Order is what the tests send.
type Order struct {
	ID  string `json:"id"  validate:"required"`
	Qty int    `json:"qty"`
}

// Receipt is what answers it.
type Receipt struct {
	OrderID string `json:"order_id"`
	Cents   int    `json:"cents"`
}

var order = Order{ID: "o1", Qty: 2}

// place prices an order.
func place(_ context.Context, o Order) (Receipt, error) {
	return Receipt{OrderID: o.ID, Cents: 100 * o.Qty}, nil
}

var errDown = parley.NewError(parley.CodeUnavailable, "stock is down")

func newApp(opts ...parley.Option) *parley.App {
	quiet := parley.Logger(slog.New(slog.DiscardHandler))
	return parley.New(rabbitmq.New("amqp://nobody:nothing@nowhere.invalid/"), append([]parley.Option{parley.Info("shop", "1.0.0"), quiet}, opts...)...)
}

// everywhere runs a test on memory in a bubble, on memory with the real clock,
// and on RabbitMQ.
func everywhere(t *testing.T, f func(t *testing.T, on parleytest.Option)) {
	t.Helper()
	t.Run("bubble", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { f(t, parleytest.On(memory.New())) })
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		f(t, parleytest.On(memory.New()))
	})
	t.Run("rabbitmq", func(t *testing.T) {
		t.Parallel()
		f(t, parleytest.On(rabbitmq.New(rabbittest.URL(t))))
	})
}
