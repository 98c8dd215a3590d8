package topology

// Exchange kinds of AMQP 0-9-1. Plug-ins add further names.
const (
	// KindDirect routes by equal keys, see [Direct].
	KindDirect = "direct"
	// KindFanout routes to every bound queue, see [Fanout].
	KindFanout = "fanout"
	// KindTopic routes by key patterns, see [Topic].
	KindTopic = "topic"
	// KindHeaders routes by headers, see [Headers].
	KindHeaders = "headers"
)

// Arguments are the optional arguments of a declaration or binding. Values are
// those that a message header may have.
type Arguments map[string]any

// Exchange is an exchange to be declared, or checked where it is passive.
type Exchange struct {
	// Name is at most 255 bytes; the default exchange has none and is never
	// declared.
	Name string
	// Kind is one of the Kind constants, or what a plug-in adds.
	Kind string
	// Durable exchanges survive a restart of the broker.
	Durable bool
	// AutoDelete deletes the exchange when its last binding is removed.
	AutoDelete bool
	// Internal exchanges take messages from other exchanges only.
	Internal bool
	// Passive checks that the exchange exists instead of declaring it.
	Passive bool
	// Arguments are further arguments of the declaration; may be nil.
	Arguments Arguments
}

// Direct is a durable direct exchange: a message goes to the queues that are
// bound with exactly its routing key.
func Direct(name string, opts ...ExchangeOption) Exchange {
	return NewExchange(KindDirect, name, opts...)
}

// Fanout is a durable fanout exchange: a message goes to every bound queue.
func Fanout(name string, opts ...ExchangeOption) Exchange {
	return NewExchange(KindFanout, name, opts...)
}

// Topic is a durable topic exchange: in a binding key "*" stands for one word
// and "#" for any number of words, none included.
func Topic(name string, opts ...ExchangeOption) Exchange {
	return NewExchange(KindTopic, name, opts...)
}

// Headers is a durable headers exchange: a message goes to the queues whose
// binding arguments its headers match, see [BindHeaders].
func Headers(name string, opts ...ExchangeOption) Exchange {
	return NewExchange(KindHeaders, name, opts...)
}

// NewExchange is a durable exchange of any kind, plug-ins included.
func NewExchange(kind, name string, opts ...ExchangeOption) Exchange {
	e := Exchange{Name: name, Kind: kind, Durable: true}
	for _, o := range opts {
		o.applyExchange(&e)
	}
	return e
}

func (e Exchange) apply(s *settings) { s.exchange = &e }

// ExchangeOption changes a declaration made by [Direct], [Fanout], [Topic],
// [Headers] or [NewExchange].
type ExchangeOption interface{ applyExchange(e *Exchange) }

// Internal makes an exchange that only other exchanges can publish to.
func Internal() ExchangeOption {
	return exchangeOption(func(e *Exchange) { e.Internal = true })
}

type exchangeOption func(*Exchange)

func (o exchangeOption) applyExchange(e *Exchange) { o(e) }
