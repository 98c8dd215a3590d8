// Command hello is a service and its caller in one process, without a broker.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Greeting is what the service takes.
type Greeting struct {
	Name string `json:"name" validate:"required"`
}

// Hello is the service. What it returns is sent to whoever asked.
func Hello(g Greeting) string { return "hello, " + g.Name }

func main() {
	ctx := context.Background()
	app := parley.New(memory.New()) // or rabbitmq.New("amqp://guest:guest@localhost:5672/")
	app.Subscriber("hello", Hello)
	hello := app.Publisher("hello")
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Ann", ""} {
		answer, err := parley.Request[string](ctx, hello, Greeting{Name: name})
		fmt.Printf("%q, %v\n", answer, err)
	}
	if err := app.Stop(ctx); err != nil {
		log.Fatal(err)
	}
}
