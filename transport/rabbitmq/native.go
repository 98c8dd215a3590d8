package rabbitmq

import (
	"fmt"
	"maps"

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
		return message(&p), nil
	case *amqp.Publishing:
		if p != nil {
			return message(p), nil
		}
		return nil, fmt.Errorf("rabbitmq: convert a message: wanted amqp.Publishing, got a nil pointer")
	default:
		return nil, fmt.Errorf("rabbitmq: convert a message: wanted amqp.Publishing or *amqp.Publishing, got %T", v)
	}
}

func message(p *amqp.Publishing) *transport.Message {
	return &transport.Message{
		Body:            p.Body,
		ContentType:     p.ContentType,
		ContentEncoding: p.ContentEncoding,
		Headers:         transport.Headers(maps.Clone(p.Headers)),
		ID:              p.MessageId,
		CorrelationID:   p.CorrelationId,
		ReplyTo:         p.ReplyTo,
		Type:            p.Type,
		AppID:           p.AppId,
		UserID:          p.UserId,
		Timestamp:       p.Timestamp,
		Expiration:      expiration(p.Expiration),
		Priority:        p.Priority,
		Persistence:     persistence(p.DeliveryMode),
	}
}
