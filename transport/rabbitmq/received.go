package rabbitmq

import (
	"math"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// received converts a delivery that arrived at a time, taking its header table
// over.
func received(d *amqp.Delivery, at time.Time) *transport.Message {
	m := &transport.Message{
		Body:            d.Body,
		ContentType:     d.ContentType,
		ContentEncoding: d.ContentEncoding,
		ID:              d.MessageId,
		CorrelationID:   d.CorrelationId,
		ReplyTo:         d.ReplyTo,
		Type:            d.Type,
		AppID:           d.AppId,
		UserID:          d.UserId,
		Timestamp:       d.Timestamp,
		Priority:        d.Priority,
		Persistence:     persistence(d.DeliveryMode),
		Address:         d.RoutingKey,
		Exchange:        d.Exchange,
		Received:        at,
		Redelivered:     d.Redelivered,
	}
	if d.Expiration != "" {
		m.Expiration = expiration(d.Expiration)
	}
	if len(d.Headers) > 0 {
		m.Headers = headersIn(d.Headers)
		m.DeliveryCount = deliveryCount(m.Headers)
	}
	return m
}

func persistence(mode uint8) transport.Persistence {
	switch mode {
	case amqp.Persistent:
		return transport.Persistent
	case amqp.Transient:
		return transport.Transient
	default:
		return transport.PersistenceUnset
	}
}

// expiration reads the sender's text; one that is no number of milliseconds
// says nothing.
func expiration(text string) time.Duration {
	ms, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0
	}
	return time.Duration(min(ms, uint64(math.MaxInt64/time.Millisecond))) * time.Millisecond
}

// deliveryCount is the higher one of the header of RabbitMQ 4.3, which counts
// every delivery, and that of older quorum queues. Those leave the former to the
// sender, who must not hide the other by it.
//
// Source: https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling
func deliveryCount(h transport.Headers) int {
	highest := int64(0)
	for _, name := range [...]string{"x-acquired-count", "x-delivery-count"} {
		if n, ok := h[name].(int64); ok {
			highest = max(highest, n)
		}
	}
	return int(min(highest, math.MaxInt32))
}

// headersIn converts a table in place into what transport.Headers promises.
func headersIn(t amqp.Table) transport.Headers {
	for key, v := range t {
		if converted, changed := fieldIn(v); changed {
			t[key] = converted
		}
	}
	return transport.Headers(t)
}

func fieldIn(v any) (converted any, changed bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int8:
		return int64(v), true
	case int16:
		return int64(v), true
	case int32:
		return int64(v), true
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case float32:
		return float64(v), true
	case amqp.Decimal:
		return float64(v.Value) / math.Pow10(int(v.Scale)), true
	case amqp.Table:
		return map[string]any(headersIn(v)), true
	case []any:
		for i, item := range v {
			if converted, changed := fieldIn(item); changed {
				v[i] = converted
			}
		}
	}
	return nil, false
}
