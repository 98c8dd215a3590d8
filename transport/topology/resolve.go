package topology

import (
	"fmt"
	"maps"
	"strings"
)

// ErrorQueueSuffix ends the name of every error queue.
const ErrorQueueSuffix = ".error"

// maxShortString bounds names in bytes (AMQP 0-9-1, shortstr).
const maxShortString = 255

// Binding ties a queue to its subscriber's exchange.
type Binding struct {
	// Key is in the broker's own form; a fanout or headers exchange ignores it.
	Key string
	// Arguments are what a headers exchange matches, nil for other kinds.
	Arguments Arguments
}

// Subscription is what one subscriber owns at the broker, with all names
// decided. Two subscriptions with the same non-empty queue name compete.
type Subscription struct {
	// Exchange is nil when messages come through the default exchange.
	Exchange *Exchange
	// Queue is where messages are consumed from.
	Queue QueueDeclaration
	// Bindings tie Queue to Exchange; nil without one.
	Bindings []Binding
	// ErrorQueue is the durable queue that takes what cannot be processed.
	ErrorQueue string
	// Passive declares nothing and checks that everything exists.
	Passive bool
	// Broadcast says that the queue is this instance's alone.
	Broadcast bool
	// ConsumerArguments are sent when consuming.
	ConsumerArguments Arguments
}

// Bind adds a binding key, in the broker's own form, to the exchange named in
// the same list. With at least one, the address itself is not bound.
func Bind(key string) Value {
	return value(func(s *settings) { s.bindings = append(s.bindings, Binding{Key: key}) })
}

// BindHeaders binds to a headers exchange. match is "all" or "any" (or
// "all-with-x", "any-with-x", which also look at headers beginning with "x-").
//
// Source: https://www.rabbitmq.com/tutorials/amqp-concepts#exchange-headers
func BindHeaders(match string, headers Arguments) Value {
	return value(func(s *settings) {
		args := maps.Clone(headers)
		if args == nil {
			args = Arguments{}
		}
		args["x-match"] = match
		s.bindings = append(s.bindings, Binding{Arguments: args})
	})
}

// ErrorQueueReader says that the subscriber reads another one's error queue on
// purpose.
func ErrorQueueReader() Value {
	return value(func(s *settings) { s.errorQueue = true })
}

// IsErrorQueue reports whether name is that of an error queue.
func IsErrorQueue(name string) bool { return strings.HasSuffix(name, ErrorQueueSuffix) }

// Error is a topology that cannot be: what is needed, what was given, and how
// to put it right.
type Error struct {
	// Wanted, Got and Hint are fragments of one sentence, in lower case.
	Wanted, Got, Hint string
}

// Error returns the fault as one line.
func (e *Error) Error() string {
	return fmt.Sprintf("wanted %s, got %s; hint: %s", e.Wanted, e.Got, e.Hint)
}

// Resolve decides every name of a subscriber on address in the application
// app. An error is of type [*Error].
//
// Without an exchange the address is the name of a durable queue. With one it
// is a routing key, and the queue is "<app>.<exchange>.<binding key>" unless
// [Queue] names it.
func Resolve(app string, address Template, values ...Value) (Subscription, error) {
	s := settings{}
	for _, v := range values {
		v.apply(&s)
	}
	if err := s.check(address); err != nil {
		return Subscription{}, err
	}
	if s.exchange == nil {
		return s.onQueue(address)
	}
	return s.onExchange(app, address)
}

func (s *settings) check(address Template) error {
	switch {
	case s.exchange == nil && s.queue.Name == "" && address.String() == "":
		return &Error{"an address or a queue name", "neither", `name the queue: topology.Queue("orders.place")`}
	case s.exchange == nil && s.broadcast:
		return &Error{"an exchange for a broadcast", "none", `add one: parley.From(topology.Fanout("events"))`}
	case s.exchange == nil && len(s.bindings) > 0:
		return &Error{"an exchange for a binding", "none", `add one: parley.From(topology.Topic("orders"))`}
	case s.exchange == nil && address.Parametric():
		return &Error{
			"a queue name without {parameters}", fmt.Sprintf("%q", address),
			`parameters need an exchange to bind to: parley.From(topology.Topic("orders"))`,
		}
	case s.exchange != nil && s.exchange.Name == "":
		return &Error{"an exchange with a name", "an empty name", "leave the exchange out to use the default one"}
	case s.broadcast && s.queue.Name != "":
		return &Error{
			"a queue of its own for each instance", fmt.Sprintf("topology.Queue(%q)", s.queue.Name),
			"leave the name out, or leave Broadcast out to share the queue",
		}
	}
	return nil
}

func (s *settings) onQueue(address Template) (Subscription, error) {
	if s.queue.Name == "" {
		s.queue.Name = address.String()
	}
	return s.finish(s.queue.Name)
}

func (s *settings) onExchange(app string, address Template) (Subscription, error) {
	key := address.BindingKey("*", "#")
	if len(s.bindings) == 0 {
		s.bindings = []Binding{{Key: key}}
	}
	if s.queue.Name != "" {
		return s.finish(s.queue.Name)
	}
	if app == "" {
		return Subscription{}, &Error{
			"a queue name", "neither a queue nor an app name",
			`name the app with parley.Info("orders", "1.0.0") or the queue with topology.Queue("orders-audit")`,
		}
	}
	name := strings.Join([]string{app, s.exchange.Name, key}, ".")
	if s.broadcast {
		s.queue.Exclusive, s.queue.AutoDelete = true, true
	} else {
		s.queue.Name = name
	}
	return s.finish(name)
}

// finish fills what follows from the queue; name is what its error queue is
// named after.
func (s *settings) finish(name string) (Subscription, error) {
	if IsErrorQueue(name) && !s.errorQueue {
		return Subscription{}, &Error{
			"a queue that is no error queue", fmt.Sprintf("%q", name),
			"to read an error queue on purpose add parley.From(topology.ErrorQueueReader())",
		}
	}
	sub := Subscription{
		Exchange:          s.exchange,
		Queue:             s.queue.clone(),
		Bindings:          s.bindings,
		ErrorQueue:        name + ErrorQueueSuffix,
		Passive:           s.passive,
		Broadcast:         s.broadcast,
		ConsumerArguments: s.consumer,
	}
	sub.Queue.Durable = !s.queue.Exclusive
	if s.durable != nil {
		sub.Queue.Durable = *s.durable
	}
	if s.quorum && sub.Queue.Type() == TypeQuorum {
		sub.Queue.quorumDefaults(sub.ErrorQueue)
	}
	return sub, sub.check()
}

// ErrorQueueDeclaration is how the error queue is declared: without arguments,
// but as a quorum queue where its queue is one. A classic queue lives on one
// node of a cluster, and without its error queue no subscriber begins.
func (s Subscription) ErrorQueueDeclaration() QueueDeclaration {
	q := QueueDeclaration{Name: s.ErrorQueue, Durable: true}
	if s.Queue.Type() == TypeQuorum {
		q.Arguments = Arguments{ArgQueueType: TypeQuorum}
	}
	return q
}

// quorumDefaults adds what makes a quorum queue's delivery limit lossless.
func (q *QueueDeclaration) quorumDefaults(errorQueue string) {
	if _, set := q.Arguments[ArgDeliveryLimit]; !set {
		q.Arguments[ArgDeliveryLimit] = int64(DefaultDeliveryLimit)
	}
	if _, set := q.Arguments[ArgDeadLetterExchange]; !set {
		q.Arguments[ArgDeadLetterExchange] = ""
		q.Arguments[ArgDeadLetterRoutingKey] = errorQueue
	}
}

func (s Subscription) check() error {
	const maxName = maxShortString - len(ErrorQueueSuffix)
	switch t := s.Queue.Type(); {
	case len(s.ErrorQueue) > maxName+len(ErrorQueueSuffix):
		return &Error{
			fmt.Sprintf("a queue name of at most %d bytes", maxName),
			fmt.Sprintf("%d", len(s.ErrorQueue)-len(ErrorQueueSuffix)),
			"name the queue with topology.Queue",
		}
	case strings.HasPrefix(s.Queue.Name, "amq."):
		return &Error{`a queue name that does not begin with "amq."`, fmt.Sprintf("%q", s.Queue.Name), "the broker reserves that prefix"}
	case (t == TypeQuorum || t == TypeStream) && (!s.Queue.Durable || s.Queue.Exclusive || s.Queue.AutoDelete):
		return &Error{
			"a durable, shared queue for type " + t, "one that is exclusive, auto-deleted or not durable",
			"leave Exclusive, AutoDelete, Broadcast and Durable(false) out",
		}
	case s.Exchange != nil && s.Exchange.Kind == KindHeaders && s.Bindings[0].Arguments == nil:
		return &Error{
			"a header match for a headers exchange", "none",
			`add topology.BindHeaders("all", topology.Arguments{"kind": "refund"})`,
		}
	}
	return nil
}
