package parley

import (
	"reflect"
	"slices"
	"time"

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
	// Summary and Description are those of [Describe].
	Summary, Description string
	// ContentType is what the body is sent as, or is read as where a message
	// does not say: that of Body or Payload. It is empty for bytes, for a body
	// whose type is known only at run time, and where there is none.
	ContentType string
	// ReplyContentType is that of the answer: of a handler's Output or of a
	// client's ReplyType.
	ReplyContentType string

	// Handler and HandlerSite name the function of a subscriber.
	Handler, HandlerSite string
	// Function is the handler's name with the full path of its package, "" for
	// a function literal.
	Function string
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
	// Upload says that the handler's input is a sequence of many, each of type
	// Input, or that a send sends one, each of type Payload.
	Upload bool
	// Later says that the result comes after the handler has returned, see
	// [Later]. Output is its type, nil where it has no value. Of a send, which only
	// [OperationMiddleware] is told of, it says that it sends such results; they go
	// where their tokens say, and Address is empty.
	Later bool
	// Concurrency and Prefetch are the subscriber's; MaxBody is in bytes.
	Concurrency, Prefetch, MaxBody int
	// Replies is false for a subscriber with [NoReply]. ReplyTo are the patterns
	// of [AllowReplyTo]; nil allows every ordinary queue.
	Replies bool
	ReplyTo []string
	// Errors are the codes of [Errors].
	Errors []Code
	// Failure is what becomes of a subscriber's messages that fail, nil for a
	// send.
	Failure *FailurePolicy
	// Check reads a message as the subscriber does before it calls its handler:
	// it decodes and validates, and returns what a caller would be told. path
	// holds the values of Parameters in their order. It may be called
	// concurrently, without a broker; it is nil for a send.
	Check func(m *Message, path []string) error
	// Refusal is the answer that tells a waiting caller of an error which the
	// handling of m ended with, without its address. It is nil for a send.
	Refusal func(m *Message, err error) *Message
	// Rule applies rules in the language of validate tags to a value, with the
	// app's validator; without rules, those of the value's own type. It panics
	// where the validator does: for a rule that it does not know, or that the
	// value's type cannot have.
	Rule func(value any, rules string) error
	// Forwards is how many [PublishTo] a subscriber has.
	Forwards int

	// Exchange is where a send goes, nil for the default exchange.
	Exchange *topology.Exchange
	// Payload is what a send declares, see [Payload]; of a forwarded result it
	// is the handler's output.
	Payload reflect.Type
	// Gathers says that a publisher has a bound of a [Gather] among its defaults,
	// so that several answers are expected; Cancellable is the default of its
	// requests.
	Gathers, Cancellable bool
	// ReplyType is what a [Client] reads answers as, [NoBody] when it does not
	// read them; nil for every other send.
	ReplyType reflect.Type
}

// FailurePolicy is when messages are acknowledged and what becomes of those that
// fail.
type FailurePolicy struct {
	// Acknowledge is when a message leaves its queue.
	Acknowledge Acknowledgement
	// Immediate is how many more times the handler runs at once after each
	// failed attempt, Delays when further attempts follow by way of the broker.
	// See [Retry].
	Immediate int
	Delays    []time.Duration
	// End is what happens after the last attempt, see [OnFailure].
	End FailureEnd
	// ErrorQueue is the name of the queue that takes what failed, also for an
	// End that does not use it.
	ErrorQueue string
	// KeepsRequests is true with [KeepFailedRequests], and TellsAll with
	// [ErrorReplies].
	KeepsRequests, TellsAll bool
}

// Acknowledgement is when a message is acknowledged.
type Acknowledgement string

// The three ways.
const (
	// AcknowledgeLast: when all that the message caused is confirmed.
	AcknowledgeLast Acknowledgement = "last"
	// AcknowledgeFirst: before the handler runs, see [AckFirst].
	AcknowledgeFirst Acknowledgement = "first"
	// AcknowledgeManually: by the handler, see [Manual].
	AcknowledgeManually Acknowledgement = "manually"
)

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
	s := &r.settings
	o := Operation{
		Action:       Receive,
		Address:      r.template.String(),
		Parameters:   r.template.Parameters(),
		Site:         r.declared.site,
		Handler:      r.name,
		HandlerSite:  callsite.FuncSite(r.declared.function()).String(),
		Function:     callsite.FuncPath(r.declared.function()),
		Subscription: &subscription,
		Input:        d.In,
		Body:         d.Body,
		Headers:      fields(d.Headers),
		Path:         fields(d.Path),
		Output:       d.Out,
		Stream:       d.Stream,
		Upload:       d.Sequence,
		Later:        d.Later,
		Concurrency:  s.concurrency,
		Prefetch:     s.prefetch,
		MaxBody:      s.maxBody,
		Replies:      !s.noReply,
		ReplyTo:      slices.Clone(s.replyPatterns),
		Errors:       slices.Clone(s.codes),
		Failure:      s.failurePolicy(r.topology.ErrorQueue),
		Forwards:     len(s.forwards),
		Summary:      s.document.summary,
		Description:  s.document.description,
		Check:        r.plan.Check,
		Refusal:      r.refusal,
		Rule:         r.app.checks.rule,
	}
	o.ContentType, o.ReplyContentType = r.app.wire.ContentType(o.Body), r.app.wire.ContentType(o.Output)
	return o
}

func (r *receiver) refusal(m *Message, err error) *Message {
	d := &delivery{receiver: r, message: m}
	return d.public(err).message()
}

func (s *subscriberSettings) failurePolicy(errorQueue string) *FailurePolicy {
	p := &FailurePolicy{
		Acknowledge:   AcknowledgeLast,
		Immediate:     s.failure.immediate,
		Delays:        slices.Clone(s.failure.delays),
		End:           s.failure.end,
		ErrorQueue:    errorQueue,
		KeepsRequests: s.keepFailed,
		TellsAll:      s.errorReplies,
	}
	switch {
	case s.failure.ackFirst:
		p.Acknowledge = AcknowledgeFirst
	case s.failure.manual:
		p.Acknowledge = AcknowledgeManually
	}
	return p
}

// forwarding describes one of the receiver's forwarded results.
func (r *receiver) forwarding(b *binding) Operation {
	o := b.operation()
	o.Site, o.Payload = r.declared.site, r.plan.Describe().Out
	o.ContentType = r.app.wire.ContentType(o.Payload)
	return o
}

func (b *binding) operation() Operation {
	return Operation{
		Action:     Send,
		Address:    b.template.String(),
		Parameters: b.template.Parameters(),
		Site:       b.site,
		Exchange:   b.settings.exchange,
		Payload:    b.settings.payload,
		Upload:     b.uploadsOnly,
		Rule:       b.app.checks.rule,
		ReplyType:  b.settings.answer,

		Gathers:     b.settings.gather.bounded(),
		Cancellable: b.settings.cancellable,

		Summary:     b.settings.document.summary,
		Description: b.settings.document.description,

		ContentType:      b.app.wire.ContentType(b.settings.payload),
		ReplyContentType: b.app.wire.ContentType(b.settings.answer),
	}
}

func fields(in []binder.Field) []Field {
	var out []Field
	for _, f := range in {
		out = append(out, Field(f))
	}
	return out
}
