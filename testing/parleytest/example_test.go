package parleytest_test

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
)

// passes runs a test function once and says no more than its result.
func passes(f func(t *testing.T)) bool {
	for name, value := range map[string]string{"test.count": "1", "test.v": "false"} {
		setting := flag.Lookup(name).Value
		before := setting.String()
		_ = setting.Set(value)
		defer func() { _ = setting.Set(before) }()
	}
	all := func(string, string) (bool, error) { return true, nil }
	return testing.RunTests(all, []testing.InternalTest{{Name: "Test", F: f}})
}

// On the real clock, in memory or on RabbitMQ.
func ExampleStart() {
	test := func(t *testing.T) {
		app := newApp()
		app.Subscriber("orders.place", place)
		ts := parleytest.Start(t, app)

		receipt, err := parleytest.Request[Receipt](ts, "orders.place", Order{ID: "o1", Qty: 2})
		fmt.Println(receipt, err)
		ts.Subscriber("orders.place").CalledWith(Order{ID: "o1", Qty: 2}).Settled(parleytest.Ack)
	}
	fmt.Println(passes(test))
	// Output:
	// {o1 200} <nil>
	// true
}

// In a bubble of testing/synctest, where an hour takes no time.
func ExampleStart_virtualTime() {
	test := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			app := newApp()
			app.Subscriber("orders.place", func(Order) error { return errDown }, parley.Retry(parley.Delayed(time.Minute, time.Hour)))
			ts := parleytest.Start(t, app)

			begin := time.Now()
			ts.Publish("orders.place", Order{ID: "o1"})
			ts.Subscriber("orders.place").Failed(parley.CodeUnavailable).Settled(parleytest.ErrorQueue).Attempts(3)
			fmt.Println(time.Since(begin))
		})
	}
	fmt.Println(passes(test))
	// Output:
	// 1h1m0s
	// true
}

func ExampleService_Wait() {
	test := func(t *testing.T) {
		app := newApp()
		app.Subscriber("orders.place", place, parley.PublishTo("receipts"))
		ts := parleytest.Start(t, app)
		ts.Queue("receipts")

		for i := range 3 {
			ts.Publish("orders.place", Order{ID: "o1", Qty: i})
		}
		ts.Wait()
		fmt.Println(len(parleytest.Published[Receipt](ts, "receipts")))
	}
	fmt.Println(passes(test))
	// Output:
	// 3
	// true
}

func ExampleService_Stub() {
	test := func(t *testing.T) {
		ts := parleytest.Start(t, paying())
		payments := ts.Stub("payments.charge", func(Charge) (Paid, error) { return Paid{"p1"}, nil })

		receipt, err := parleytest.Request[Receipt](ts, "orders.place", Order{ID: "o1", Qty: 2})
		fmt.Println(receipt, err)
		fmt.Println(parleytest.Calls[Charge](payments))
	}
	fmt.Println(passes(test))
	// Output:
	// {p1 200} <nil>
	// [{200}]
	// true
}
