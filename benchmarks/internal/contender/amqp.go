package contender

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	jsonType     = "application/json"
	directReply  = "amq.rabbitmq.reply-to"
	prefetch     = 250 // deliveries outstanding per channel
	lanes        = 2   // channels of a contender written for speed
	ringSize     = 512 // unconfirmed publishes per channel
	callTimeout  = 30 * time.Second
	ackBatch     = prefetch / 4
	deadlineName = "parley-deadline" // milliseconds, the same header as parley's
)

func dial(url, name string) (*amqp.Connection, error) {
	config := amqp.Config{Properties: amqp.NewConnectionProperties()}
	config.Properties.SetClientConnectionName(name)
	conn, err := amqp.DialConfig(url, config)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err) // amqp091-go's text holds no credentials
	}
	return conn, nil
}

func confirmChannel(conn *amqp.Connection) (*amqp.Channel, error) {
	ch, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	return ch, ch.Confirm(false)
}

// consume opens a consumer with manual acknowledgement on a channel of its own.
func consume(conn *amqp.Connection, queue string) (*amqp.Channel, <-chan amqp.Delivery, error) {
	ch, err := conn.Channel()
	if err != nil {
		return nil, nil, err
	}
	if err := ch.Qos(prefetch, 0, false); err != nil {
		return nil, nil, err
	}
	deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
	return ch, deliveries, err
}

// inbox opens a consumer of replies on the channel: its own exclusive queue,
// or the direct reply-to address.
func inbox(ch *amqp.Channel, exclusive bool) (address string, replies <-chan amqp.Delivery, err error) {
	address = directReply
	if exclusive {
		queue, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err != nil {
			return "", nil, err
		}
		address = queue.Name
	}
	replies, err = ch.Consume(address, "", true, exclusive, false, false, nil)
	return address, replies, err
}

// persistent is the message of W1 to W3.
func persistent(id string, body []byte) amqp.Publishing {
	return amqp.Publishing{ContentType: jsonType, DeliveryMode: amqp.Persistent, MessageId: id, Body: body}
}

var errNotConfirmed = errors.New("publish: wanted a confirm, got a nack or a closed channel")

func confirmed(ctx context.Context, dc *amqp.DeferredConfirmation) error {
	ok, err := dc.WaitContext(ctx)
	if err != nil {
		return err
	}
	if !ok {
		return errNotConfirmed
	}
	return nil
}

var errConsumerLost = errors.New("consume: the delivery channel was closed")
