package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// DeclareQueue makes a queue unless it exists alike: see
// [transport.QueueDeclarer]. With [Passive] it checks that the queue exists.
func (c *Conn) DeclareQueue(ctx context.Context, q topology.QueueDeclaration) error {
	args, err := arguments(q.Arguments)
	switch {
	case err != nil:
		return permanent("rabbitmq: declare queue %q: %w", q.Name, err)
	case c.cfg.passive:
		_, err := c.check(ctx, q.Name)
		return err
	}
	return c.onQueue(ctx, "declare", q.Name, func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare(q.Name, q.Durable, q.AutoDelete, q.Exclusive, false, args)
		return err
	})
}

// Depth counts the ready messages of a queue: see [transport.QueueInspector].
func (c *Conn) Depth(ctx context.Context, queue string) (int, error) {
	found, err := c.check(ctx, queue)
	return found.Messages, err
}

// Purge removes the ready messages of a queue: see [transport.QueueInspector].
func (c *Conn) Purge(ctx context.Context, queue string) (int, error) {
	purged := make(chan int, 1)
	err := c.onQueue(ctx, "purge", queue, func(ch *amqp.Channel) error {
		n, err := ch.QueuePurge(queue, false)
		if err == nil {
			purged <- n
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return <-purged, nil
}

// check asks for a queue that must exist.
func (c *Conn) check(ctx context.Context, name string) (found amqp.Queue, err error) {
	answer := make(chan amqp.Queue, 1)
	err = c.onQueue(ctx, "check", name, func(ch *amqp.Channel) error {
		// Of a passive declaration the broker reads the name alone.
		q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
		if err == nil {
			answer <- q
		}
		return err
	})
	if err != nil {
		return found, err
	}
	return <-answer, nil
}

// onQueue runs f on a throw-away channel: see onThing. verb says what is done to
// the queue.
func (c *Conn) onQueue(ctx context.Context, verb, queue string, f func(*amqp.Channel) error) error {
	return c.onThing(ctx, verb+" queue", queue, f)
}

// onThing runs f, which may run again, on a throw-away channel of the
// connection that consumes: exclusive queues are that one's. verb says what is
// done to what is called name.
func (c *Conn) onThing(ctx context.Context, verb, name string, f func(*amqp.Channel) error) error {
	what := fmt.Sprintf("%s %q", verb, name)
	if name == "" || len(name) > maxShort {
		return permanent("rabbitmq: %s: wanted a name of 1 to %d bytes, got %d", what, maxShort, len(name))
	}
	for {
		switch {
		case c.life.Err() != nil:
			return fmt.Errorf("rabbitmq: %s: %w", what, transport.ErrClosed)
		case ctx.Err() != nil:
			return fmt.Errorf("rabbitmq: %s: %w", what, context.Cause(ctx))
		}
		s, err := c.receiver.session(ctx)
		if err != nil {
			return fmt.Errorf("rabbitmq: %s: %w", what, err)
		}
		err = refusal(what, s.onChannel(ctx, f))
		gone := errors.Is(err, amqp.ErrClosed) || s.ended() || s.conn.IsClosed()
		if err == nil || isPermanent(err) || !gone {
			return err
		}
		if !pause(ctx, retryPause) {
			return err
		}
	}
}
