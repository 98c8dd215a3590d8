package suite

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Broker is the node under test, with a connection for declaring and checking.
type Broker struct {
	URL     string
	Version string // as the broker states it
	pid     int
	conn    *amqp.Connection
}

// OpenBroker connects to a node. Its processor time is read from the process
// of that id; with 0 it stays unknown.
func OpenBroker(url string, pid int) (*Broker, error) {
	conn, err := amqp.Dial(url)
	if err != nil {
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	b := &Broker{URL: url, pid: pid, conn: conn}
	b.Version = fmt.Sprintf("%v %v, %v", conn.Properties["product"], conn.Properties["version"], conn.Properties["platform"])
	return b, nil
}

// Close ends the connection; the node runs on.
func (b *Broker) Close() error { return b.conn.Close() }

// errorQueue is where parley moves what could not be handled.
func errorQueue(queue string) string { return queue + ".error" }

// renew deletes the queue and declares it anew.
func (b *Broker) renew(queue string, quorum bool) error {
	if err := b.remove(queue); err != nil {
		return err
	}
	var args amqp.Table
	if quorum {
		args = amqp.Table{"x-queue-type": "quorum"}
	}
	return b.onChannel(func(ch *amqp.Channel) error {
		if _, err := ch.QueueDeclare(queue, true, false, false, false, args); err != nil {
			return fmt.Errorf("declare queue %q: %w", queue, err)
		}
		return nil
	})
}

// remove deletes the queue and its error queue, present or not.
func (b *Broker) remove(queue string) error {
	return b.onChannel(func(ch *amqp.Channel) error {
		for _, name := range []string{queue, errorQueue(queue)} {
			if _, err := ch.QueueDelete(name, false, false, false); err != nil {
				return fmt.Errorf("delete queue %q: %w", name, err)
			}
		}
		return nil
	})
}

const verifyBudget = 3 * time.Second

// verify waits until the queue has no consumer, so that whatever was not
// acknowledged is back in it, and holds what it should; the error queue must
// be empty or absent.
func (b *Broker) verify(ctx context.Context, queue string, wanted int) error {
	ctx, cancel := context.WithTimeout(ctx, verifyBudget)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		state, err := b.inspect(queue)
		if err != nil {
			return err
		}
		if state.Consumers == 0 && state.Messages == wanted {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("verify: wanted %d messages and no consumer in %q, got %d and %d", wanted, queue, state.Messages, state.Consumers)
		case <-tick.C:
		}
	}
	errored, err := b.inspect(errorQueue(queue))
	if err == nil && errored.Messages > 0 {
		return fmt.Errorf("verify: wanted no messages in %q, got %d", errored.Name, errored.Messages)
	}
	var amqpErr *amqp.Error
	if errors.As(err, &amqpErr) && amqpErr.Code == amqp.NotFound {
		return nil
	}
	return err
}

func (b *Broker) inspect(queue string) (state amqp.Queue, err error) {
	err = b.onChannel(func(ch *amqp.Channel) error {
		state, err = ch.QueueDeclarePassive(queue, true, false, false, false, nil)
		return err
	})
	return state, err
}

// onChannel uses a channel of its own: a refused command closes it.
func (b *Broker) onChannel(use func(*amqp.Channel) error) error {
	ch, err := b.conn.Channel()
	if err != nil {
		return err
	}
	if err := use(ch); err != nil {
		return err // the broker has closed the channel
	}
	return ch.Close()
}
