package parley

import (
	"reflect"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/internal/callsite"
	"github.com/parley-go/parley/transport/topology"
)

// Action is what an app does at an address.
type Action string

// The two actions, named from the app's own point of view.
const (
	// Receive: a subscriber handles messages.
	Receive Action = "receive"
	// Send: a publisher, or a [PublishTo], sends messages.
	Send Action = "send"
)

// Operation describes one declaration of an app as it was understood. It is
// what documents, tests and listings read. Types are nil where nothing is
// declared.
type Operation struct {
	// Action is Receive for a subscriber and Send for everything else.
	Action Action
	// Address is the full address with the prefixes of its routers and its
	// {parameters}.
	Address string
	// Parameters are the names of the parameters in order.
	Parameters []string
	// Site is the file and line of the declaration.
	Site string

	// Handler and HandlerSite name the function of a subscriber.
	Handler, HandlerSite string
	// Subscription is what a subscriber owns at the broker.
	Subscription *topology.Subscription
	// Input is the type of the handler's input, and Body the type that the
	// message's body is decoded into.
	Input, Body reflect.Type
	// Headers and Path are the fields of an annotated input.
	Headers, Path []Field
	// Output is the type of a handler's result.
	Output reflect.Type
	// Stream says that the handler gives many results, each of type Output.
	Stream bool
	// Concurrency and Prefetch are the subscriber's; MaxBody is in bytes.
	Concurrency, Prefetch, MaxBody int
	// Replies is false for a subscriber with [NoReply].
	Replies bool
	// Forwards is how many [PublishTo] a subscriber has.
	Forwards int

	// Exchange is where a send goes, nil for the default exchange.
	Exchange *topology.Exchange
	// Payload is what a send declares, see [Payload]; of a forwarded result it
	// is the handler's output.
	Payload reflect.Type
}

// Field is a header or an address parameter that a handler reads.
type Field struct {
	// Name is that on the wire.
	Name string
	// Type is what the value is read into, without the pointer of an optional
	// field.
	Type reflect.Type
	// Optional says that a message without it is accepted.
	Optional bool
}

// Operations describes the app's valid declarations in their order: each
// subscriber followed by its forwarded results, then the publishers. It needs
// no broker. What is wrong with the others is told by [App.Err].
func (a *App) Operations() []Operation {
	m := a.compile()
	var all []Operation
	for _, r := range m.receivers {
		all = append(all, r.operation())
		for _, b := range r.forwards {
			all = append(all, r.forwarding(b))
		}
	}
	for _, b := range m.bindings {
		if b.fault == nil {
			all = append(all, b.operation())
		}
	}
	return all
}

func (r *receiver) operation() Operation {
	d := r.plan.Describe()
	subscription := r.topology
	return Operation{
		Action:       Receive,
		Address:      r.template.String(),
		Parameters:   r.template.Parameters(),
		Site:         r.declared.site.String(),
		Handler:      r.name,
		HandlerSite:  callsite.FuncSite(r.declared.function()).String(),
		Subscription: &subscription,
		Input:        d.In,
		Body:         d.Body,
		Headers:      fields(d.Headers),
		Path:         fields(d.Path),
		Output:       d.Out,
		Stream:       d.Stream,
		Concurrency:  r.settings.concurrency,
		Prefetch:     r.settings.prefetch,
		MaxBody:      r.settings.maxBody,
		Replies:      !r.settings.noReply,
		Forwards:     len(r.settings.forwards),
	}
}

// forwarding describes one of the receiver's forwarded results.
func (r *receiver) forwarding(b *binding) Operation {
	o := b.operation()
	o.Site, o.Payload = r.declared.site.String(), r.plan.Describe().Out
	return o
}

func (b *binding) operation() Operation {
	return Operation{
		Action:     Send,
		Address:    b.template.String(),
		Parameters: b.template.Parameters(),
		Site:       b.site.String(),
		Exchange:   b.settings.exchange,
		Payload:    b.settings.payload,
	}
}

func fields(in []binder.Field) []Field {
	var out []Field
	for _, f := range in {
		out = append(out, Field(f))
	}
	return out
}
