package topology

import (
	"maps"
	"time"
)

// Queue types of RabbitMQ, the values of the argument x-queue-type.
const (
	// TypeClassic is a queue on one node, see [Classic].
	TypeClassic = "classic"
	// TypeQuorum is a replicated queue, see [Quorum].
	TypeQuorum = "quorum"
	// TypeStream is a replicated log, see [Stream].
	TypeStream = "stream"
)

// Arguments of queues and consumers that parley sets.
// Source: https://www.rabbitmq.com/docs/queues#optional-arguments
const (
	ArgQueueType            = "x-queue-type"              // one of the Type constants
	ArgMessageTTL           = "x-message-ttl"             // int64, milliseconds, see [MessageTTL]
	ArgExpires              = "x-expires"                 // int64, milliseconds, see [Expires]
	ArgMaxLength            = "x-max-length"              // int64, messages, see [MaxLength]
	ArgMaxLengthBytes       = "x-max-length-bytes"        // int64, bytes, see [MaxLengthBytes]
	ArgOverflow             = "x-overflow"                // string, see [OverflowPolicy]
	ArgDeadLetterExchange   = "x-dead-letter-exchange"    // string, see [DeadLetter]
	ArgDeadLetterRoutingKey = "x-dead-letter-routing-key" // string, see [DeadLetter]
	ArgDeadLetterStrategy   = "x-dead-letter-strategy"    // string, of a quorum queue, see [AtLeastOnce]
	ArgDeliveryLimit        = "x-delivery-limit"          // int64, redeliveries, see [DeliveryLimit]
	ArgMaxPriority          = "x-max-priority"            // int64, see [MaxPriority]
	ArgSingleActiveConsumer = "x-single-active-consumer"  // bool, see [SingleActiveConsumer]
	ArgStreamOffset         = "x-stream-offset"           // of a consumer, see [Stream]
	ArgConsumerPriority     = "x-priority"                // int64, of a consumer, see [ConsumerPriority]
)

// AtLeastOnce is a value of [ArgDeadLetterStrategy]: a quorum queue keeps a
// message until its dead-letter queue has confirmed it. It needs [RejectPublish].
const AtLeastOnce = "at-least-once"

// DefaultDeliveryLimit is the number of redeliveries that [Quorum] allows, the
// default of RabbitMQ 4.0.
const DefaultDeliveryLimit = 20

// Value is one wish of a subscriber about its topology. Values are applied in
// the order given; of two that set the same thing the later one wins.
type Value interface{ apply(s *settings) }

type value func(*settings)

func (v value) apply(s *settings) { v(s) }

// settings collect the values of one subscriber until [Resolve] decides.
type settings struct {
	exchange   *Exchange
	queue      QueueDeclaration
	durable    *bool
	broadcast  bool
	passive    bool
	quorum     bool
	errorQueue bool
	bindings   []Binding
	consumer   Arguments
}

func (s *settings) argument(key string, v any) {
	if s.queue.Arguments == nil {
		s.queue.Arguments = Arguments{}
	}
	s.queue.Arguments[key] = v
}

// QueueDeclaration is a queue to be declared.
type QueueDeclaration struct {
	// Name is empty for an exclusive queue that the broker names.
	Name string
	// Durable queues survive a restart of the broker.
	Durable bool
	// Exclusive queues belong to one connection and go away with it.
	Exclusive bool
	// AutoDelete deletes the queue when its last consumer leaves.
	AutoDelete bool
	// Arguments are the further arguments of the declaration; nil for none.
	Arguments Arguments
}

// Type is the queue's x-queue-type, or "" when the broker's default is taken.
func (q QueueDeclaration) Type() string {
	t, _ := q.Arguments[ArgQueueType].(string)
	return t
}

// DeliveryLimit is how many redeliveries the declaration allows, 0 when it does
// not say.
func (q QueueDeclaration) DeliveryLimit() int {
	n, _ := q.Arguments[ArgDeliveryLimit].(int64)
	if q.Type() != TypeQuorum {
		return 0
	}
	return int(n)
}

func (q QueueDeclaration) clone() QueueDeclaration {
	q.Arguments = maps.Clone(q.Arguments)
	return q
}

// Queue names the subscriber's queue. The name is used as it is: a router's
// prefix is not joined to it.
func Queue(name string) Value {
	return value(func(s *settings) { s.queue.Name = name })
}

// Classic declares x-queue-type classic. RabbitMQ treats a queue without the
// argument as equivalent.
func Classic() Value { return queueType(TypeClassic) }

// Quorum declares a replicated quorum queue, what RabbitMQ recommends for
// clusters. It comes with a delivery limit of [DefaultDeliveryLimit] and
// dead-lettering to the subscriber's error queue, so that a message which
// kills its process is bounded and not dropped. See [DeliveryLimit].
//
// Source: https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling
func Quorum() Value {
	return value(func(s *settings) {
		s.argument(ArgQueueType, TypeQuorum)
		s.quorum = true
	})
}

// Stream declares a stream and says where to begin reading: "first", "last",
// "next", an integer offset or a time.Time. The broker stores no offset for
// this protocol: a restarted consumer begins there again.
//
// Source: https://www.rabbitmq.com/docs/streams#consuming
func Stream(offset any) Value {
	return value(func(s *settings) {
		s.argument(ArgQueueType, TypeStream)
		s.consumerArgument(ArgStreamOffset, offset)
	})
}

func queueType(t string) Value {
	return value(func(s *settings) { s.argument(ArgQueueType, t) })
}

func (s *settings) consumerArgument(key string, v any) {
	if s.consumer == nil {
		s.consumer = Arguments{}
	}
	s.consumer[key] = v
}

// Broadcast gives every instance its own exclusive queue, so that each gets
// every message. It needs an exchange.
func Broadcast() Value {
	return value(func(s *settings) { s.broadcast = true })
}

// Passive declares nothing: the queue, its error queue, the exchange and the
// bindings must exist. It is for accounts without the configure right.
func Passive() PassiveOption { return PassiveOption{} }

// PassiveOption is what [Passive] returns: a wish about a subscriber or about
// one exchange.
type PassiveOption struct{}

func (PassiveOption) apply(s *settings)         { s.passive = true }
func (PassiveOption) applyExchange(e *Exchange) { e.Passive = true }

// FlagOption sets a flag of a queue, or of an exchange.
type FlagOption struct {
	queue    func(*settings)
	exchange func(*Exchange)
}

func (o FlagOption) apply(s *settings)         { o.queue(s) }
func (o FlagOption) applyExchange(e *Exchange) { o.exchange(e) }

// Durable says whether a queue or exchange survives a restart of the broker;
// both do by default. A queue that does not is deprecated from RabbitMQ 4.0
// unless it is exclusive.
func Durable(durable bool) FlagOption {
	return FlagOption{
		queue:    func(s *settings) { s.durable = &durable },
		exchange: func(e *Exchange) { e.Durable = durable },
	}
}

// AutoDelete deletes a queue when its last consumer leaves, an exchange when
// its last binding is removed.
func AutoDelete() FlagOption {
	return FlagOption{
		queue:    func(s *settings) { s.queue.AutoDelete = true },
		exchange: func(e *Exchange) { e.AutoDelete = true },
	}
}

// Argument sets any other argument of the queue, or of the exchange.
func Argument(key string, v any) FlagOption {
	return FlagOption{
		queue: func(s *settings) { s.argument(key, v) },
		exchange: func(e *Exchange) {
			if e.Arguments == nil {
				e.Arguments = Arguments{}
			}
			e.Arguments[key] = v
		},
	}
}

// Exclusive declares a queue that only this connection may use and that goes
// away with it.
func Exclusive() Value {
	return value(func(s *settings) { s.queue.Exclusive = true })
}

// MessageTTL drops or dead-letters messages that waited longer than d,
// in whole milliseconds. Messages already prefetched are not affected.
func MessageTTL(d time.Duration) Value { return argument(ArgMessageTTL, d.Milliseconds()) }

// Expires deletes the queue when it was unused for d, in whole milliseconds.
func Expires(d time.Duration) Value { return argument(ArgExpires, d.Milliseconds()) }

// MaxLength bounds the number of ready messages, see [Overflow].
func MaxLength(n int64) Value { return argument(ArgMaxLength, n) }

// MaxLengthBytes bounds the sum of the bodies of ready messages in bytes.
func MaxLengthBytes(n int64) Value { return argument(ArgMaxLengthBytes, n) }

// OverflowPolicy says what a full queue does.
type OverflowPolicy string

// Overflow policies of RabbitMQ.
const (
	// DropHead drops, or dead-letters, the oldest message.
	DropHead OverflowPolicy = "drop-head"
	// RejectPublish refuses the new message.
	RejectPublish OverflowPolicy = "reject-publish"
	// RejectPublishDLX refuses the new message and dead-letters it.
	RejectPublishDLX OverflowPolicy = "reject-publish-dlx"
)

// Overflow says what a queue at its [MaxLength] does; the broker's default is
// [DropHead]. With [RejectPublish] a publisher gets parley.ErrRefused.
func Overflow(p OverflowPolicy) Value { return argument(ArgOverflow, string(p)) }

// DeadLetter sends rejected and expired messages to an exchange; "" is the
// default exchange. An empty key keeps the message's own routing key.
func DeadLetter(exchange, key string) Value {
	return value(func(s *settings) {
		s.argument(ArgDeadLetterExchange, exchange)
		if key != "" {
			s.argument(ArgDeadLetterRoutingKey, key)
		}
	})
}

// DeliveryLimit is how many redeliveries a quorum queue allows before it
// dead-letters a message.
func DeliveryLimit(n int64) Value { return argument(ArgDeliveryLimit, n) }

// MaxPriority makes a classic queue order by priority 0 to n, at most 255.
func MaxPriority(n uint8) Value { return argument(ArgMaxPriority, int64(n)) }

// SingleActiveConsumer lets one consumer work at a time; another takes over
// when it leaves.
func SingleActiveConsumer() Value { return argument(ArgSingleActiveConsumer, true) }

// ConsumerPriority prefers this consumer over those with a lower number while
// it has room for deliveries.
func ConsumerPriority(n int) Value {
	return value(func(s *settings) { s.consumerArgument(ArgConsumerPriority, int64(n)) })
}

func argument(key string, v any) Value {
	return value(func(s *settings) { s.argument(key, v) })
}
