package victim

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/serialization/gzip"
	"github.com/parley-go/parley/serialization/zstd"
)

// Clerk handles orders, and ids as plain text from a queue beside.
const Clerk Role = "clerk"

// The unsafe flavors of a clerk.
const (
	NoRecover Flavor = "recover off"
	Requeued  Flavor = "decode error requeued"
)

// Order is what a clerk handles; one with Break breaks it.
type Order struct {
	ID    uint64 `json:"id"`
	Note  string `json:"note"`
	Break bool   `json:"break"`
}

// Words is the queue from which a clerk of queue takes plain text.
func Words(queue string) string { return queue + ".words" }

func (v *victim) clerk(ctx context.Context) error {
	if v.job.Flavor == NoRecover {
		v.raw = v.fragile
		return v.rawConsumer(ctx)
	}
	app := v.app()
	options := []parley.SubscriberOption{
		parley.Concurrency(max(1, v.job.Concurrency)),
		parley.Decompress(gzip.Encoding(), zstd.Encoding()),
	}
	if v.job.Flavor == Requeued {
		options = append(options, parley.OnFailure(parley.Requeue))
	}
	app.Subscriber(v.job.Queue, v.order, options...)
	app.Subscriber(Words(v.job.Queue), func(body string) error {
		_, err := v.handle(body)
		return err
	}, options...)
	return v.until(ctx, app)
}

// until runs app until ctx ends.
func (v *victim) until(ctx context.Context, app *parley.App) error {
	if err := app.Start(ctx); err != nil {
		return err
	}
	v.ready()
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	return app.Stop(stop)
}

func (v *victim) order(o Order) error {
	if o.Break {
		panic(errors.New("an order that breaks its clerk"))
	}
	_, err := v.handle(strconv.FormatUint(o.ID, 10))
	return err
}

// fragile moves what it cannot read to the error queue, and dies of what
// breaks it.
func (v *victim) fragile(ch *amqp.Channel, d *amqp.Delivery) {
	var o Order
	if err := json.Unmarshal(d.Body, &o); err != nil {
		_ = ch.Publish("", v.job.Queue+".error", false, false, amqp.Publishing{MessageId: d.MessageId, DeliveryMode: amqp.Persistent, Body: d.Body})
		_ = d.Ack(false)
		return
	}
	if o.Break {
		panic(errors.New("an order that breaks its clerk"))
	}
	v.note(journal.Handled, o.ID)
	_ = d.Ack(false)
}
