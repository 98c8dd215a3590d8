package parley_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// What a handler says on purpose travels to the caller, what it wraps does not.
func ExampleNewError() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("stock.reserve", func(sku string) error {
		missing := errors.New("row 17 of table stock is empty")
		return parley.NewError(parley.CodeFailedPrecondition, "sold out").
			WithDetail(map[string]string{"sku": sku}).
			WithCause(missing)
	})
	reserve := app.Publisher("stock.reserve")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := reserve.Request(ctx, "book")
	if remote, ok := errors.AsType[*parley.RemoteError](err); ok {
		fmt.Println(remote.Code)
		fmt.Println(remote.Message)
		fmt.Printf("%s\n", remote.Details[0])
	}
	// Output:
	// failed_precondition
	// sold out
	// {"sku":"book"}
}

// A caller asks for a code with errors.Is, or for the code of any error with
// CodeOf.
func ExampleCodeOf() {
	ctx := context.Background()
	errNotFound := parley.NewError(parley.CodeNotFound, "no such order")
	app := parley.New(memory.New(), quiet)
	app.Subscriber("orders.find", func(string) (Order, error) { return Order{}, errNotFound })
	find := app.Publisher("orders.find")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := parley.Request[Order](ctx, find, "o-1")
	fmt.Println(err)
	fmt.Println(errors.Is(err, errNotFound))
	switch parley.CodeOf(err) {
	case parley.CodeNotFound:
		fmt.Println("ask for another one")
	case parley.CodeUnavailable, parley.CodeResourceExhausted:
		fmt.Println("try again later")
	}
	// Output:
	// remote error: not_found: no such order
	// true
	// ask for another one
}

// Any other error stays inside: the caller gets a neutral text that names the
// message under which the service logged it. ExposeErrors shows it, in
// development.
func ExampleExposeErrors() {
	ctx := context.Background()
	broken := func() error { return errors.New("password of the database is wrong") }
	app := parley.New(memory.New(), quiet)
	app.Subscriber("closed", broken)
	app.Subscriber("open", broken, parley.ExposeErrors())
	closed, open := app.Publisher("closed"), app.Publisher("open")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := closed.Request(ctx, nil, parley.MessageID("m-1"))
	fmt.Println(err)
	_, err = open.Request(ctx, nil)
	fmt.Println(err)
	// Output:
	// remote error: unknown: the handler failed; see the log of message m-1
	// remote error: unknown: password of the database is wrong
}

// What does not pass validation never reaches the handler. The caller learns
// which field broke which rule.
func Example_validation() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("orders.place", PlaceOrder)
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	_, err := orders.Request(ctx, Order{ID: "o-1", Items: []Item{{"book", 0}}})
	if remote, ok := errors.AsType[*parley.RemoteError](err); ok {
		fmt.Println(remote.Code)
		fmt.Println(remote.Message)
	}
	// Output:
	// invalid_argument
	// body: items[0].qty: rule "gt=0" failed for an integer
}

// A message that nobody waits for and that cannot be processed is moved to the
// error queue, with the reason in its headers. Another subscriber may read it.
func Example_errorQueue() {
	ctx := context.Background()
	failed := make(chan *parley.Message)
	app := parley.New(memory.New(), quiet)
	app.Subscriber("orders.place", PlaceOrder)
	app.Subscriber("orders.place.error", func(m *parley.Message) { failed <- m },
		parley.From(topology.ErrorQueueReader()))
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	if err := orders.Publish(ctx, Order{ID: "o-1"}); err != nil {
		fmt.Println(err)
		return
	}
	m := <-failed
	fmt.Printf("%s\n", m.Body)
	fmt.Println(m.Header(parley.HeaderFailureCode))
	fmt.Println(m.Header(parley.HeaderFailureReason))
	// Output:
	// {"id":"o-1","items":null}
	// invalid_argument
	// body: items: rule "required" failed for an array
}

// Mistakes in declarations are collected, each with its place in the source,
// and returned together by Err and Start.
func ExampleApp_Err() {
	app := parley.New(memory.New())
	app.Subscriber("orders.{tenant}.place", PlaceOrder)
	app.Subscriber("orders.cancel", func(ids ...string) {})

	err := app.Err()
	if fault, ok := errors.AsType[*parley.RegistrationError](err); ok { // the first one
		subject, _, _ := strings.Cut(fault.Subject, " (") // its file and line follow
		fmt.Println(subject)
		fmt.Println(fault.Err)
	}
	fmt.Println(strings.Contains(err.Error(), `subscriber "orders.cancel" (example_error_test.go:`))
	// Output:
	// subscriber "orders.{tenant}.place"
	// wanted a queue name without {parameters}, got "orders.{tenant}.place"; hint: parameters need an exchange to bind to: parley.From(topology.Topic("orders"))
	// true
}

// An empty answer is no value: nil where the wanted type can be nil, otherwise
// an error, never a zero struct.
func Example_noValue() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("receipts.find", func(string) *Receipt { return nil })
	find := app.Publisher("receipts.find")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	receipt, err := parley.Request[*Receipt](ctx, find, "o-1")
	fmt.Println(receipt == nil, err)
	_, err = parley.Request[Receipt](ctx, find, "o-1")
	fmt.Println(errors.Is(err, parley.ErrNoValue))
	// Output:
	// true <nil>
	// true
}
