package contender

import (
	"context"
	"errors"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

// naive is a good first version by hand: one connection, one channel, one
// thing at a time.
type naive struct{}

func (naive) Publish(ctx context.Context, job peer.Job) error {
	conn, err := dial(job.URL, "naive publish")
	if err != nil {
		return err
	}
	err = naivePublish(ctx, conn, job)
	return errors.Join(err, conn.Close())
}

func naivePublish(ctx context.Context, conn *amqp.Connection, job peer.Job) error {
	ch, err := confirmChannel(conn)
	if err != nil {
		return err
	}
	order := work.Sample()
	for range job.N {
		body, err := work.Encode(&order)
		if err != nil {
			return err
		}
		dc, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", job.Queue, true, false, persistent(work.UUID(), body))
		if err != nil {
			return err
		}
		if err := confirmed(ctx, dc); err != nil {
			return err
		}
	}
	return nil
}

func (naive) Consume(ctx context.Context, job peer.Job) error {
	conn, err := dial(job.URL, "naive consume")
	if err != nil {
		return err
	}
	err = naiveConsume(ctx, conn, job)
	return errors.Join(err, conn.Close())
}

func naiveConsume(ctx context.Context, conn *amqp.Connection, job peer.Job) error {
	_, deliveries, err := consume(conn, job.Queue)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	left := job.N
	for d := range deliveries {
		if _, err := work.Accept(d.Body); err != nil {
			return err
		}
		if err := d.Ack(false); err != nil {
			return err
		}
		if left--; left == 0 {
			return nil
		}
	}
	return errConsumerLost
}

// Serve answers each delivery in a goroutine of its own; the prefetch bounds
// their number.
func (naive) Serve(ctx context.Context, job peer.Job, ready func()) error {
	conn, err := dial(job.URL, "naive serve")
	if err != nil {
		return err
	}
	ch, deliveries, err := consume(conn, job.Queue)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	ready()
	var handlers failures
	for ctx.Err() == nil {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return errors.Join(handlers.Wait(), errConsumerLost)
			}
			handlers.Go(func() error { return naiveAnswer(ch, d) })
		case <-ctx.Done():
		}
	}
	return errors.Join(handlers.Wait(), conn.Close())
}

func naiveAnswer(ch *amqp.Channel, d amqp.Delivery) error {
	body, err := work.Answer(d.Body)
	if err != nil {
		return err
	}
	if err := ch.Publish("", d.ReplyTo, false, false, reply(d.CorrelationId, body)); err != nil {
		return err
	}
	return d.Ack(false)
}

func (naive) Dial(_ context.Context, job peer.Job) (peer.Caller, error) {
	conn, err := dial(job.URL, "naive call")
	if err != nil {
		return nil, err
	}
	ch, err := conn.Channel()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	_, replies, err := inbox(ch, false)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	c := &naiveCaller{conn: conn, ch: ch, queue: job.Queue, calls: calls{pending: map[string]chan answer{}}}
	c.reading.Go(func() { c.calls.read(replies) })
	return c, nil
}
