package rabbitmq

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

// RemoveQueue deletes a queue: see [transport.Remover].
func (c *Conn) RemoveQueue(ctx context.Context, queue string) error {
	return c.onQueue(ctx, "delete", queue, func(ch *amqp.Channel) error {
		// Since RabbitMQ 3.2 a queue that does not exist is deleted without an error.
		_, err := ch.QueueDelete(queue, false, false, false)
		return err
	})
}

// RemoveExchange deletes an exchange: see [transport.Remover].
func (c *Conn) RemoveExchange(ctx context.Context, exchange string) error {
	return c.onThing(ctx, "delete exchange", exchange, func(ch *amqp.Channel) error {
		return ch.ExchangeDelete(exchange, false, false)
	})
}
