package asyncapi_test

import (
	"fmt"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

type Greeting struct {
	Name string `json:"name" validate:"required,max=20" example:"Ada"`
}

func Greet(g Greeting) string { return "Hello, " + g.Name }

func ExampleGenerate() {
	app := parley.New(memory.New(), parley.Info("greeter", "1.0.0"))
	app.Subscriber("greet", Greet, parley.Describe("Greets somebody.", ""))
	doc, err := asyncapi.Generate(app, asyncapi.Broker("production", "amqps://user:password@rabbitmq.example.com/"))
	if err != nil {
		fmt.Println(err)
		return
	}
	greet := doc.Operations["greet"]
	fmt.Println(greet.Action, greet.Summary)
	name := doc.Components.Schemas["Greeting"].Properties.Get("name")
	fmt.Println(*name.MinLength, *name.MaxLength, doc.Components.Messages["Greeting"].Examples[0].Payload)
	fmt.Println(doc.Servers["production"].Host, len(asyncapi.Lint(doc)))
	// Output:
	// receive Greets somebody.
	// 1 20 map[name:Ada]
	// rabbitmq.example.com 0
}

func ExampleDiff() {
	describe := func(opts ...parley.SubscriberOption) *asyncapi.Document {
		app := parley.New(memory.New(), parley.Info("greeter", "1.0.0"))
		app.Subscriber("greet", Greet, opts...)
		doc, err := asyncapi.Generate(app)
		if err != nil {
			fmt.Println(err)
		}
		return doc
	}
	changes := asyncapi.Diff(describe(), describe(parley.Errors(parley.CodeNotFound)))
	for _, c := range changes {
		if c.Verdict == asyncapi.Unknown {
			fmt.Println(c.Who, c.Message)
		}
	}
	fmt.Println(changes.ExitCode())
	// Output:
	// callers the error code not_found is new: callers that tell codes apart may not know it
	// 2
}
