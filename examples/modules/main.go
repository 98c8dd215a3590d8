// Command modules is one service made of three fx modules: orders take what
// customers send, payments charge for it, and mail tells them. Each module names
// what it handles and what it needs; fx builds, starts and stops it.
//
// It runs on the in-memory transport and places one order with itself; with
// PARLEY_URL=amqp://… it runs on RabbitMQ. SIGINT or SIGTERM stops it.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func main() {
	fx.New(Service(), fx.Invoke(placeOne)).Run()
}

// Service is everything but the start: tests add what they replace.
func Service() fx.Option {
	return fx.Options(
		parleyfx.Module(parley.Info("shop", "1.0.0")),
		fx.Provide(NewConfig, NewTransport, NewLogger),
		// fx and parley tell what they do in one log.
		fx.WithLogger(func(log *slog.Logger) fxevent.Logger {
			l := &fxevent.SlogLogger{Logger: log}
			l.UseLogLevel(slog.LevelDebug)
			return l
		}),
		Orders,
		Payments,
		Mail,
	)
}

// Config is what the environment says.
type Config struct{ URL string }

// NewConfig reads the environment.
func NewConfig() Config { return Config{URL: os.Getenv("PARLEY_URL")} }

// NewTransport chooses the broker.
func NewTransport(c Config) transport.Transport {
	if c.URL == "" {
		return memory.New()
	}
	return rabbitmq.New(c.URL)
}

// NewLogger is given to fx, to parley and to the handlers.
func NewLogger() *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }

// placeOne places an order when everything runs, and shows the answer.
func placeOne(life fx.Lifecycle, place *parley.Client[Order, Receipt]) {
	life.Append(fx.StartHook(func(ctx context.Context) error {
		receipt, err := place.Call(ctx, Order{ID: "o1", Customer: "ann@example.com", Cents: 1990})
		fmt.Printf("receipt: %+v, error: %v\n", receipt, err)
		return err
	}))
}
