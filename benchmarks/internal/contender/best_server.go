package contender

import (
	"context"
	"errors"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

const workersPerLane = 2

// Serve publishes each reply on the channel of its request, unconfirmed, and
// then acknowledges.
func (best) Serve(ctx context.Context, job peer.Job, ready func()) error {
	conn, err := dial(job.URL, "best serve")
	if err != nil {
		return err
	}
	served := serveLanes(ctx, ready, func(ctx context.Context, open *sync.WaitGroup) error {
		ch, deliveries, err := consume(conn, job.Queue)
		open.Done()
		if err != nil {
			return err
		}
		return bestLane(ctx, ch, deliveries)
	})
	return errors.Join(served, conn.Close())
}

// serveLanes runs all lanes until ctx ends, which is no error, and calls ready
// when each has said that it is open. A lane that fails ends the others.
func serveLanes(ctx context.Context, ready func(), lane func(context.Context, *sync.WaitGroup) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	running := failures{stop: cancel}
	var open sync.WaitGroup
	open.Add(lanes)
	for range lanes {
		running.Go(func() error { return lane(inner, &open) })
	}
	open.Wait()
	ready()
	if err := running.Wait(); ctx.Err() == nil {
		return errors.Join(err, errConsumerLost)
	}
	return nil
}

func bestLane(ctx context.Context, ch *amqp.Channel, deliveries <-chan amqp.Delivery) error {
	settled := &acker{ch: ch}
	answer := func(d amqp.Delivery) error {
		body, err := work.Answer(d.Body)
		if err != nil {
			return err
		}
		if err := ch.PublishWithContext(ctx, "", d.ReplyTo, false, false, reply(d.CorrelationId, body)); err != nil {
			return err
		}
		return settled.done(d.DeliveryTag)
	}
	var workers failures
	for range workersPerLane {
		workers.Go(func() error { return drain(ctx, deliveries, nil, settled, answer) })
	}
	return workers.Wait()
}
