package parley_test

import (
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// Color is one of three.
type Color string

// Enum lists the legal values.
func (Color) Enum() []any { return []any{Color("red"), Color("green"), Color("blue")} }

// A type with an Enum method refuses every other value, when it is received
// and when it is sent.
func Example_enum() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("paint", func(c Color) string { return "painted " + string(c) })
	paint := app.Publisher("paint")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[string](ctx, paint, Color("green")))
	_, err := paint.Request(ctx, "mauve")
	fmt.Println(parley.CodeOf(err))
	// Output:
	// painted green <nil>
	// invalid_argument
}

// An annotated input takes headers beside the body.
func Example_annotatedInput() {
	ctx := context.Background()
	type input struct {
		Tenant string `header:"x-tenant"`
		Order  Order  `body:""`
	}
	app := parley.New(memory.New(), quiet)
	app.Subscriber("orders.place", func(in input) string { return in.Order.ID + " for " + in.Tenant })
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	order := Order{ID: "o-1", Items: []Item{{"book", 2}}}
	fmt.Println(parley.Request[string](ctx, orders, order, parley.Header("x-tenant", "acme")))
	_, err := parley.Request[string](ctx, orders, order)
	fmt.Println(err)
	// Output:
	// o-1 for acme <nil>
	// remote error: invalid_argument: header x-tenant: is missing
}

// A Response sets properties of the answer's message.
func ExampleResponse() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("prices.find", func(string) parley.Response[float64] {
		var properties parley.Message
		properties.SetHeader("x-currency", "EUR")
		return parley.Response[float64]{Value: 12.5, Properties: properties}
	})
	find := app.Publisher("prices.find")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := find.Request(ctx, "book")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %s\n", answer.Body, answer.Header("x-currency"))
	// Output: 12.5 EUR
}

// A handler may take and return messages as they stand on the wire.
func ExampleMessage() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("image.info", func(m *parley.Message) *parley.Message {
		text := fmt.Sprintf("%s, %d bytes", m.ContentType, len(m.Body))
		return &parley.Message{ContentType: "text/plain", Body: []byte(text)}
	})
	info := app.Publisher("image.info")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	image := &parley.Message{ContentType: "image/png", Body: []byte("\x89PNG")}
	fmt.Println(parley.Request[string](ctx, info, image))
	// Output: image/png, 4 bytes <nil>
}

// NoReply keeps results in: a caller that waits learns only that it was done.
func ExampleNoReply() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("orders.place", PlaceOrder, parley.NoReply())
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := orders.Request(ctx, Order{ID: "o-1", Items: []Item{{"book", 2}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(answer.Body))
	// Output: 0
}

// Natives lets an app on memory return the messages of RabbitMQ's client
// library, as it can on RabbitMQ.
func ExampleNatives() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Natives(rabbitmq.NativeMessages()))
	app.Subscriber("clock", func() amqp.Publishing {
		at := time.Date(2009, time.November, 10, 23, 0, 0, 0, time.UTC)
		return amqp.Publishing{ContentType: "text/plain", Timestamp: at, Body: []byte("tick")}
	})
	clock := app.Publisher("clock")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := clock.Request(ctx, amqp.Publishing{Type: "question"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s at %s\n", answer.Body, answer.Timestamp.UTC().Format(time.TimeOnly))
	// Output: tick at 23:00:00
}
