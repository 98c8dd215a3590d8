package rabbitmq

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// NativeMessages lets handlers return and publishers send amqp.Publishing and
// *amqp.Publishing. A [Transport] brings it along; an app on another transport
// registers it.
func NativeMessages() transport.NativeMessages { return native{} }

type native struct{}

// Outputs are amqp.Publishing and a pointer to it.
func (native) Outputs() []any { return []any{amqp.Publishing{}, (*amqp.Publishing)(nil)} }

// RefusedInputs are amqp.Delivery and a pointer to it: they settle themselves.
func (native) RefusedInputs() []any { return []any{amqp.Delivery{}, (*amqp.Delivery)(nil)} }

// Convert returns v as a message that shares its body. A nil pointer is an
// error.
func (native) Convert(v any) (*transport.Message, error) {
	switch p := v.(type) {
	case amqp.Publishing:
		return messageOf(&p)
	case *amqp.Publishing:
		if p != nil {
			return messageOf(p)
		}
		return nil, errors.New("rabbitmq: convert a message: wanted amqp.Publishing, got a nil pointer")
	default:
		return nil, fmt.Errorf("rabbitmq: convert a message: wanted amqp.Publishing or *amqp.Publishing, got %T", v)
	}
}

func messageOf(p *amqp.Publishing) (*transport.Message, error) {
	m := &transport.Message{
		Body:            p.Body,
		ContentType:     p.ContentType,
		ContentEncoding: p.ContentEncoding,
		ID:              p.MessageId,
		CorrelationID:   p.CorrelationId,
		ReplyTo:         p.ReplyTo,
		Type:            p.Type,
		AppID:           p.AppId,
		UserID:          p.UserId,
		Timestamp:       p.Timestamp,
		Priority:        p.Priority,
		Persistence:     persistence(p.DeliveryMode),
	}
	if p.Expiration != "" {
		ms, err := strconv.ParseUint(p.Expiration, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("rabbitmq: convert a message: wanted an expiration in whole milliseconds, got %q", p.Expiration)
		}
		// A message says 0 for no expiration, AMQP for none but at once.
		m.Expiration = max(time.Duration(ms)*time.Millisecond, time.Nanosecond)
	}
	if len(p.Headers) > 0 {
		m.Headers = headersIn(copied(p.Headers))
	}
	return m, nil
}

// copied is a deep copy: headersIn converts in place.
func copied(t amqp.Table) amqp.Table {
	out := maps.Clone(t)
	for key, v := range out {
		switch v := v.(type) {
		case amqp.Table:
			out[key] = copied(v)
		case []any:
			out[key] = copiedList(v)
		}
	}
	return out
}

func copiedList(list []any) []any {
	out := slices.Clone(list)
	for i, v := range out {
		switch v := v.(type) {
		case amqp.Table:
			out[i] = copied(v)
		case []any:
			out[i] = copiedList(v)
		}
	}
	return out
}
