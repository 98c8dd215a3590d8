package asyncapi

// BindingVersion is the version of the AMQP bindings that are written.
//
// Source: https://github.com/asyncapi/bindings/tree/master/amqp
const BindingVersion = "0.3.0"

// Binding is the binding of a protocol that the model does not know.
type Binding map[string]any

// ChannelBindings are the bindings of a channel.
type ChannelBindings struct {
	AMQP       *AMQPChannel `json:"amqp,omitempty"`
	Extensions Extensions   `json:"-"`
}

// AMQPChannel says what an address is to AMQP: a queue, or a routing key of an
// exchange. Exactly one of Queue and Exchange is set.
type AMQPChannel struct {
	// Is is "queue" or "routingKey".
	Is             string        `json:"is"`
	Queue          *AMQPQueue    `json:"queue,omitempty"`
	Exchange       *AMQPExchange `json:"exchange,omitempty"`
	BindingVersion string        `json:"bindingVersion"`
	Extensions     Extensions    `json:"-"`
}

// AMQPQueue is a queue as the binding can say it.
type AMQPQueue struct {
	Name       string     `json:"name"`
	Durable    bool       `json:"durable"`
	Exclusive  bool       `json:"exclusive"`
	AutoDelete bool       `json:"autoDelete"`
	VHost      string     `json:"vhost,omitempty"`
	Extensions Extensions `json:"-"`
}

// AMQPExchange is an exchange as the binding can say it.
type AMQPExchange struct {
	Name string `json:"name"`
	// Type is empty for the types of plug-ins, which the binding does not know.
	Type       string     `json:"type,omitempty"`
	Durable    bool       `json:"durable"`
	AutoDelete bool       `json:"autoDelete"`
	VHost      string     `json:"vhost,omitempty"`
	Extensions Extensions `json:"-"`
}

// OperationBindings are the bindings of an operation.
type OperationBindings struct {
	AMQP       *AMQPOperation `json:"amqp,omitempty"`
	Extensions Extensions     `json:"-"`
}

// AMQPOperation says how messages are sent or taken.
type AMQPOperation struct {
	// DeliveryMode is 1 for transient, 2 for persistent messages.
	DeliveryMode   int        `json:"deliveryMode,omitempty"`
	Priority       int        `json:"priority,omitempty"`
	Mandatory      bool       `json:"mandatory,omitempty"`
	Ack            bool       `json:"ack,omitempty"`
	BindingVersion string     `json:"bindingVersion"`
	Extensions     Extensions `json:"-"`
}

// MessageBindings are the bindings of a message.
type MessageBindings struct {
	AMQP       *AMQPMessage `json:"amqp,omitempty"`
	Extensions Extensions   `json:"-"`
}

// AMQPMessage says which properties a message has.
type AMQPMessage struct {
	ContentEncoding string     `json:"contentEncoding,omitempty"`
	MessageType     string     `json:"messageType,omitempty"`
	BindingVersion  string     `json:"bindingVersion"`
	Extensions      Extensions `json:"-"`
}
