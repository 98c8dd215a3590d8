package transport

import (
	"maps"
	"time"
)

// Headers are the application headers of a message.
//
// A value may be nil, a bool, a string, a []byte, a time.Time (kept to whole
// seconds), any integer or float type, a map[string]any or []any of these, or
// a []string. Integers arrive as int64 whatever width they were sent with;
// a uint64 that does not fit an int64 cannot be sent.
type Headers map[string]any

// HeaderRemoved is set by a transport on a received message that has headers
// which it cannot hand on: those are missing, and the value says what and why.
// Whoever sends it does so to the same effect.
const HeaderRemoved = "parley-headers-removed"

// LongestExpiration is what a longer [Message].Expiration is sent as: ten years
// of 365 days, beyond which RabbitMQ refuses a message by closing the channel
// (seen on 3.10.8).
const LongestExpiration = 10 * 365 * 24 * time.Hour

// Clone returns a shallow copy; a clone of nil is nil.
func (h Headers) Clone() Headers { return maps.Clone(h) }

// Persistence says whether the broker writes a message to disk.
type Persistence uint8

// Persistence of a message. The zero value leaves the choice to whoever sends
// it.
const (
	// PersistenceUnset is no choice yet.
	PersistenceUnset Persistence = iota
	// Transient messages may be lost when the broker restarts.
	Transient
	// Persistent messages in a durable queue survive that.
	Persistent
)

// Message is one message, received or to be sent.
//
// A received message belongs to the handler that gets it: the transport never
// touches it or its body again. A message that is being sent must not be
// changed until its Publish or Request method has returned.
type Message struct {
	// Body is the encoded value. A nil body and an empty one are the same.
	Body []byte
	// ContentType is the media type of Body, empty when it has none.
	ContentType string
	// ContentEncoding names a compression of Body, empty for none.
	ContentEncoding string
	// Headers are the application headers; nil when there are none.
	Headers Headers

	// ID identifies the message, at most 255 bytes. Retries keep it.
	ID string
	// CorrelationID ties a reply to its request, at most 255 bytes.
	CorrelationID string
	// ReplyTo is where an answer is wanted, empty when none is.
	ReplyTo string
	// Type is an application-defined name. It never selects a Go type.
	Type string
	// AppID names the sending application.
	AppID string
	// UserID is the login of the sender as verified by the broker.
	UserID string
	// Timestamp is when the message was made, in whole seconds.
	Timestamp time.Time
	// Expiration is how long the broker keeps the message in a queue, sent in
	// whole milliseconds, rounded up, and at most [LongestExpiration]; 0 keeps it
	// for ever. Of a received message it is what the sender asked for, not what is
	// left.
	Expiration time.Duration
	// Priority is 0 (lowest) to 255.
	Priority uint8
	// Persistence says whether the message survives a restart of the broker.
	Persistence Persistence

	// Address is the routing key that the message was published with: the name
	// of the queue when it was sent without an exchange. Set by the transport
	// on received messages, ignored on sent ones.
	Address string
	// Exchange is the exchange it was published to, empty for the default one.
	// Set on received messages, ignored on sent ones.
	Exchange string
	// Received is when the transport took the message off the wire, which may be
	// long before a handler is free. Set on received messages.
	Received time.Time
	// Redelivered is true when the broker may have delivered the message before.
	Redelivered bool
	// DeliveryCount is how many earlier deliveries the broker itself counted
	// (quorum queues), 0 where it counts none. It is not authenticated on
	// classic queues.
	DeliveryCount int
}

// Clone returns a copy that shares Body and has its own Headers.
func (m *Message) Clone() *Message {
	c := *m
	c.Headers = m.Headers.Clone()
	return &c
}

// Header returns the header of that name as text, or "" when it is absent or
// neither text nor bytes.
func (m *Message) Header(name string) string {
	switch v := m.Headers[name].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	default:
		return ""
	}
}

// SetHeader sets one header, making the map when there is none.
func (m *Message) SetHeader(name string, value any) {
	if m.Headers == nil {
		m.Headers = make(Headers, 1)
	}
	m.Headers[name] = value
}
