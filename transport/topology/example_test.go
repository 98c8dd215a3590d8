package topology_test

import (
	"fmt"

	"github.com/parley-go/parley/transport/topology"
)

func ExampleResolve() {
	address, err := topology.ParseTemplate("orders.{tenant}.placed")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := topology.Resolve("audit", address, topology.Topic("orders"), topology.Quorum())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("queue   ", s.Queue.Name, s.Queue.Type(), "durable:", s.Queue.Durable)
	fmt.Println("bound to", s.Exchange.Kind, s.Exchange.Name, "with", s.Bindings[0].Key)
	fmt.Println("errors  ", s.ErrorQueue)
	// Output:
	// queue    audit.orders.orders.*.placed quorum durable: true
	// bound to topic orders with orders.*.placed
	// errors   audit.orders.orders.*.placed.error
}

func ExampleResolve_error() {
	address, err := topology.ParseTemplate("orders.{tenant}.placed")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = topology.Resolve("audit", address)
	fmt.Println(err)
	// Output:
	// wanted a queue name without {parameters}, got "orders.{tenant}.placed"; hint: parameters need an exchange to bind to: parley.From(topology.Topic("orders"))
}

func ExampleTemplate() {
	t, err := topology.ParseTemplate("orders.{tenant}.{what...}")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Parameters(), t.BindingKey("*", "#"))

	key, err := t.Fill(map[string]string{"tenant": "acme", "what": "item.placed"})
	fmt.Println(key, err)

	values, ok := t.Match("orders.acme.item.placed")
	fmt.Println(values, ok)

	_, err = t.Fill(map[string]string{"tenant": "a.b", "what": "placed"})
	fmt.Println(err != nil)
	// Output:
	// [tenant what] orders.*.#
	// orders.acme.item.placed <nil>
	// [acme item.placed] true
	// true
}

func ExampleBindHeaders() {
	address, err := topology.ParseTemplate("refunds")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := topology.Resolve("ledger", address,
		topology.Headers("payments"),
		topology.BindHeaders("all", topology.Arguments{"kind": "refund"}),
		topology.Queue("ledger.refunds"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Queue.Name, s.Bindings[0].Arguments["x-match"], s.Bindings[0].Arguments["kind"])
	// Output: ledger.refunds all refund
}
