// Command documented is a service that describes itself.
//
// It answers "library.borrow" and "library.find", and publishes what was
// borrowed. PARLEY_URL says where RabbitMQ is; with -asyncapi it prints its
// document and ends. With -page localhost:8080 it shows what it does, at
// http://localhost:8080/docs/, and needs no RabbitMQ.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

//go:generate go run github.com/parley-go/parley/asyncapi/cmd/asyncapi docs

// Loan is a wish to borrow a book.
type Loan struct {
	// ISBN names the book, in thirteen digits.
	ISBN string `json:"isbn" validate:"required,len=13,number" example:"9780134190440"`
	// Reader is who borrows it.
	Reader string `json:"reader"         validate:"required,email" example:"ada@example.com"`
	Days   int    `json:"days"           validate:"min=1,max=28"   example:"14"` // how long
	Note   string `json:"note,omitempty" validate:"max=200"`
}

// Lent says that a book was borrowed.
type Lent struct {
	ISBN string `json:"isbn" example:"9780134190440"`
	// Due is the day on which it is back.
	Due string `json:"due" example:"day 14"`
}

// Query looks for books.
type Query struct {
	Title string `json:"title"           validate:"required,min=2"          example:"go"`
	Limit int    `json:"limit,omitempty" validate:"omitempty,min=1,max=100" example:"10"`
}

// Book is one that was found.
type Book struct {
	ISBN  string `json:"isbn"`
	Title string `json:"title"`
}

var errLent = parley.NewError(parley.CodeFailedPrecondition, "the book is lent")

// Borrow lends a book. A reader may have it for at most four weeks.
//
// Whoever comes first gets it.
func Borrow(_ context.Context, l Loan) (Lent, error) {
	if l.Days > 21 {
		return Lent{}, errLent
	}
	return Lent{ISBN: l.ISBN, Due: fmt.Sprintf("day %d", l.Days)}, nil
}

// Find looks for books by their title.
func Find(_ context.Context, q Query) ([]Book, error) {
	if q.Title == "none" {
		return nil, nil
	}
	return []Book{{ISBN: "9780134190440", Title: q.Title}}, nil
}

// NewApp declares the service.
func NewApp(t transport.Transport) *parley.App {
	app := parley.New(t, parley.Info("library", "1.0.0"))
	app.Subscriber("library.borrow", Borrow,
		parley.Errors(parley.CodeFailedPrecondition),
		parley.PublishTo("library.lent", parley.To(topology.Topic("library"))))
	app.Subscriber("library.find", Find)
	return app
}

// Document describes the service.
func Document(app *parley.App, url string) (*asyncapi.Document, error) {
	return asyncapi.Generate(app,
		asyncapi.Broker("production", url),
		asyncapi.Docs(Docs),
		asyncapi.Sample("twoBooks", []Book{{ISBN: "9780134190440", Title: "Go"}, {ISBN: "9781491941195", Title: "More Go"}}),
		asyncapi.About(asyncapi.Info{
			License: &asyncapi.License{Name: "Apache-2.0"},
			Contact: &asyncapi.Contact{Email: "library@example.com"},
		}),
	)
}

func main() {
	describe := flag.Bool("asyncapi", false, "print the document")
	page := flag.String("page", "", "serve the page on this address")
	flag.Parse()
	url := cmp.Or(os.Getenv("PARLEY_URL"), "amqp://guest:guest@localhost:5672/")
	var broker transport.Transport = rabbitmq.New(url)
	if *page != "" && os.Getenv("PARLEY_URL") == "" {
		broker = memory.New()
	}
	app := NewApp(broker)
	if *page != "" {
		go func() { log.Fatal(servePage(app, url, *page)) }()
	}
	if !*describe {
		log.Fatal(app.Run(context.Background()))
	}
	doc, err := Document(app, url)
	if err != nil {
		log.Fatal(err)
	}
	yaml, err := doc.YAML()
	if err != nil {
		log.Fatal(err)
	}
	_, _ = os.Stdout.Write(yaml)
}
