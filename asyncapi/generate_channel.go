package asyncapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// channelPlan is an address of one exchange, and what happens there.
type channelPlan struct {
	key, address string
	parameters   []string
	rest         string // the parameter that stands for any number of words
	exchange     *topology.Exchange
	// subscription is that of the subscriber which owns the queue, nil when the
	// app only sends there.
	subscription *topology.Subscription
	operations   []*operationPlan
	messages     []*messagePlan
	// bothWays says that the app receives here what it also sends.
	bothWays bool
}

// channelOf finds or makes the channel of an operation.
func (g *generator) channelOf(op *operationPlan) *channelPlan {
	c := &channelPlan{address: strings.ReplaceAll(op.Address, "...}", "}"), parameters: op.Parameters, exchange: op.Exchange}
	if at := strings.LastIndexByte(op.Address, '{'); strings.HasSuffix(op.Address, "...}") {
		c.rest = strings.TrimSuffix(op.Address[at+1:], "...}")
	}
	if s := op.Subscription; s != nil {
		c.exchange = s.Exchange
		if s.Exchange == nil {
			c.address, c.subscription = s.Queue.Name, s
		}
	}
	for _, known := range g.channels {
		if known.address == c.address && exchangeName(known.exchange) == exchangeName(c.exchange) {
			if known.subscription == nil {
				known.subscription = c.subscription
			}
			return known
		}
	}
	g.channels = append(g.channels, c)
	return c
}

func exchangeName(e *topology.Exchange) string {
	if e == nil {
		return ""
	}
	return e.Name
}

// decideViews finds out whether what is sent here is received here too: one
// message then serves both.
func (c *channelPlan) decideViews() {
	var sends, receives bool
	for _, op := range c.operations {
		sends = sends || op.Action == parley.Send
		receives = receives || op.Action == parley.Receive
	}
	c.bothWays = sends && receives
}

// channel writes a channel.
func (g *generator) channel(c *channelPlan) *Channel {
	out := &Channel{Address: &c.address, Messages: map[string]*Message{}, Bindings: &ChannelBindings{AMQP: g.channelBinding(c)}}
	for _, m := range c.messages {
		out.Messages[m.key] = &Message{Ref: "#/components/messages/" + m.key}
	}
	for _, name := range c.parameters {
		if out.Parameters == nil {
			out.Parameters = map[string]*Parameter{}
		}
		p := &Parameter{Description: "One word of the address."}
		if name == c.rest {
			p.Description = "Any number of words of the address, none included."
			p.Extensions = Extensions{ExtParameterKind: "rest"}
		}
		out.Parameters[name] = p
	}
	if e := c.exchange; e != nil {
		if more := exchangeExtension(e); len(more) > 0 {
			out.Extensions = Extensions{ExtExchange: more}
		}
	}
	if s := c.subscription; s != nil {
		queue := map[string]any{"errorQueue": s.ErrorQueue}
		if len(s.Queue.Arguments) > 0 {
			queue["arguments"] = plainArguments(s.Queue.Arguments)
		}
		out.Extensions = Extensions{ExtQueue: queue}
	}
	return out
}

// amqpTypes are the exchange types that the binding knows.
var amqpTypes = []string{topology.KindDirect, topology.KindFanout, topology.KindTopic, topology.KindHeaders}

func exchangeExtension(e *topology.Exchange) map[string]any {
	more := map[string]any{}
	if !slices.Contains(amqpTypes, e.Kind) {
		more["type"] = e.Kind
	}
	if e.Internal {
		more["internal"] = true
	}
	if len(e.Arguments) > 0 {
		more["arguments"] = plainArguments(e.Arguments)
	}
	return more
}

func (g *generator) channelBinding(c *channelPlan) *AMQPChannel {
	if e := c.exchange; e != nil {
		exchange := &AMQPExchange{Name: e.Name, Durable: e.Durable, AutoDelete: e.AutoDelete, VHost: g.vhost}
		if slices.Contains(amqpTypes, e.Kind) {
			exchange.Type = e.Kind
		}
		return &AMQPChannel{Is: "routingKey", Exchange: exchange, BindingVersion: BindingVersion}
	}
	queue := &AMQPQueue{Name: c.address, Durable: true, VHost: g.vhost}
	if s := c.subscription; s != nil {
		queue.Durable, queue.Exclusive, queue.AutoDelete = s.Queue.Durable, s.Queue.Exclusive, s.Queue.AutoDelete
	}
	return &AMQPChannel{Is: "queue", Queue: queue, BindingVersion: BindingVersion}
}

// queueExtension describes the queue of a subscriber behind an exchange.
func queueExtension(s *topology.Subscription) map[string]any {
	q := map[string]any{
		"durable": s.Queue.Durable, "exclusive": s.Queue.Exclusive, "autoDelete": s.Queue.AutoDelete,
	}
	if s.Queue.Name != "" {
		q["name"], q["errorQueue"] = s.Queue.Name, s.ErrorQueue
	}
	if len(s.Queue.Arguments) > 0 {
		q["arguments"] = plainArguments(s.Queue.Arguments)
	}
	var bindings []any
	for _, b := range s.Bindings {
		binding := map[string]any{"exchange": s.Exchange.Name, "routingKey": b.Key}
		if len(b.Arguments) > 0 {
			binding["arguments"] = plainArguments(b.Arguments)
		}
		bindings = append(bindings, binding)
	}
	q["bindings"] = bindings
	return q
}

// plainArguments copies arguments, so that a document shares nothing with an app.
func plainArguments(a topology.Arguments) map[string]any { return maps.Clone(a) }
