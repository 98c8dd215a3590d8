package topology_test

import (
	"fmt"

	"github.com/parley-go/parley/transport/topology"
)

// Without an exchange an address is the name of a durable queue.
func ExampleResolve() {
	address, err := topology.ParseTemplate("orders.place")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := topology.Resolve("shop", address, topology.MaxLength(1000))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Queue.Name, s.Queue.Durable, s.Queue.Arguments)
	fmt.Println(s.ErrorQueue)
	// Output:
	// orders.place true map[x-max-length:1000]
	// orders.place.error
}

// With an exchange it is a routing key, and the queue is named after the app.
func ExampleResolve_exchange() {
	address, err := topology.ParseTemplate("{tenant}.placed")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := topology.Resolve("shop", address, topology.Topic("orders"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Exchange.Kind, s.Exchange.Name, s.Bindings[0].Key)
	fmt.Println(s.Queue.Name)
	// Output:
	// topic orders *.placed
	// shop.orders.*.placed
}

// What cannot be is refused with a hint.
func ExampleError() {
	address, err := topology.ParseTemplate("{tenant}.placed")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = topology.Resolve("shop", address)
	fmt.Println(err)
	// Output:
	// wanted a queue name without {parameters}, got "{tenant}.placed"; hint: parameters need an exchange to bind to: parley.From(topology.Topic("orders"))
}

// A quorum queue comes with a delivery limit and dead-lettering to the error
// queue.
func ExampleQuorum() {
	address, err := topology.ParseTemplate("orders.place")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := topology.Resolve("shop", address, topology.Quorum(), topology.DeliveryLimit(3))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Queue.Type())
	fmt.Println(s.Queue.Arguments[topology.ArgDeliveryLimit])
	fmt.Println(s.Queue.Arguments[topology.ArgDeadLetterRoutingKey])
	// Output:
	// quorum
	// 3
	// orders.place.error
}

// A parameter stands for one word, a final {name...} for any number of them.
func ExampleParseTemplate() {
	address, err := topology.ParseTemplate("logs.{level}.{source...}")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(address.Parameters())
	fmt.Println(address.BindingKey("*", "#"))

	_, err = topology.ParseTemplate("logs.{level}x")
	fmt.Println(err)
	// Output:
	// [level source]
	// logs.*.#
	// wanted words and {parameters} separated by ".", got "logs.{level}x"; hint: a parameter fills a whole word: {name}
}

func ExampleTemplate_Fill() {
	address, err := topology.ParseTemplate("orders.{tenant}.placed")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(address.Fill(map[string]string{"tenant": "acme"}))
	_, err = address.Fill(map[string]string{"tenant": "a.b"})
	fmt.Println(err)
	// Output:
	// orders.acme.placed <nil>
	// wanted a value without ".*#" for {tenant} of "orders.{tenant}.placed", got "a.b"; hint: give it with parley.Path("tenant", value)
}

func ExampleTemplate_Match() {
	address, err := topology.ParseTemplate("logs.{level}.{source...}")
	if err != nil {
		fmt.Println(err)
		return
	}
	values, ok := address.Match("logs.error.db.eu.7")
	fmt.Printf("%q %t\n", values, ok)
	values, ok = address.Match("events.error")
	fmt.Printf("%q %t\n", values, ok)
	// Output:
	// ["error" "db.eu.7"] true
	// [] false
}
