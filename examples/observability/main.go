// Command observability is a service with traces and metrics.
//
// It answers "orders.place", passes receipts on to "orders.placed", and asks
// itself for something once a second, so that there is something to see. Spans
// are written to standard output as JSON, metrics are served for Prometheus at
// http://localhost:9464/metrics; grafana.json beside this file is a dashboard of
// them. It runs on memory unless PARLEY_URL says where a broker is. SIGINT or
// SIGTERM stops it.
package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyotel"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// metricsAddress is where Prometheus scrapes: an address that only it reaches,
// because metrics name queues.
const metricsAddress = "localhost:9464"

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	var broker transport.Transport = memory.New()
	if url := os.Getenv("PARLEY_URL"); url != "" {
		broker = rabbitmq.New(url)
	}
	telemetry, err := NewTelemetry("orders", "1.0.0", os.Stdout)
	if err != nil {
		return err
	}
	// After the app has stopped: its last spans are still to be written.
	defer func() { err = errors.Join(err, telemetry.Shutdown(context.WithoutCancel(ctx))) }()

	listener, err := net.Listen("tcp", metricsAddress)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", telemetry.Metrics)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	defer server.Close()

	app, place, err := NewApp(broker, telemetry, parley.OnStarted(func(context.Context) error {
		log.Printf("metrics at http://%s/metrics", metricsAddress)
		return nil
	}))
	if err != nil {
		return err
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	go ask(asking, place) // ends with asking, or the app
	return app.Run(ctx)
}

// Order is what customers send.
type Order struct {
	SKU string `json:"sku" validate:"required"`
}

// Receipt is what they get.
type Receipt struct {
	SKU   string `json:"sku"`
	Cents int    `json:"cents"`
}

// PlaceOrder prices an order. There is no coffee, and a cake takes two attempts.
func PlaceOrder(ctx context.Context, o Order) (Receipt, error) {
	attempt, _ := parley.AttemptFrom(ctx)
	switch {
	case o.SKU == "coffee":
		return Receipt{}, parley.NewError(parley.CodeNotFound, "no such article")
	case o.SKU == "cake" && attempt.Number == 1:
		return Receipt{}, parley.NewError(parley.CodeUnavailable, "the oven is busy")
	}
	return Receipt{SKU: o.SKU, Cents: 250}, nil
}

// NewApp declares the service. Tests run the same app.
func NewApp(t transport.Transport, telemetry *Telemetry, opts ...parley.Option) (*parley.App, *parley.Publisher, error) {
	app := parley.New(t, append([]parley.Option{parley.Info("orders", "1.0.0")}, opts...)...)
	err := parleyotel.Instrument(app,
		parleyotel.TracerProvider(telemetry.Tracers),
		parleyotel.MeterProvider(telemetry.Meters),
		parleyotel.Propagator(telemetry.Propagator),
	)
	if err != nil {
		return nil, nil, err
	}
	app.Subscriber("orders.place", PlaceOrder, parley.Retry(parley.Immediate(1)), parley.PublishTo("orders.placed"))
	app.Subscriber("orders.placed", func(Receipt) {})
	return app, app.Publisher("orders.place"), nil
}

// ask places an order once a second.
func ask(ctx context.Context, place *parley.Publisher) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	skus := []string{"tea", "cake", "coffee"}
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := parley.Request[Receipt](ctx, place, Order{SKU: skus[i%len(skus)]}); err != nil {
			log.Print(err)
		}
	}
}
