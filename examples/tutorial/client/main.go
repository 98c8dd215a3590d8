// Command client is the tutorial's client: it places three orders.
//
// PARLEY_URL says where RabbitMQ is, amqp://guest:guest@localhost:5672/ by
// default.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// Order is what the service takes.
type Order struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

// Receipt is what it answers.
type Receipt struct {
	Cents int `json:"cents"`
}

func main() {
	url := cmp.Or(os.Getenv("PARLEY_URL"), "amqp://guest:guest@localhost:5672/")
	client := parley.New(rabbitmq.New(url), parley.Info("till", "1.0.0"))
	if err := run(context.Background(), os.Stdout, client); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, client *parley.App) error {
	orders := client.Publisher("orders.place")
	if err := client.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = client.Stop(ctx) }()

	for _, order := range []Order{{"tea", 2}, {"cake", 1}, {"tea", 0}} {
		receipt, err := parley.Request[Receipt](ctx, orders, order, parley.Timeout(3*time.Second))
		switch parley.CodeOf(err) {
		case "":
			fmt.Fprintf(w, "%s: %d cents\n", order.SKU, receipt.Cents)
		case parley.CodeNotFound, parley.CodeInvalidArgument:
			fmt.Fprintf(w, "%s: %v\n", order.SKU, err)
		default:
			return err
		}
	}
	return nil
}
