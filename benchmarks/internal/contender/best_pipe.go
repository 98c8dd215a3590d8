package contender

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

// best is written for speed: two channels with a goroutine each, pipelined
// confirms, batched acknowledgements.
type best struct {
	inbox bool // replies over an exclusive queue instead of direct reply-to
}

func (best) Publish(ctx context.Context, job peer.Job) error { return publish(ctx, job, false) }

// Preload publishes the orders that W2 consumes.
func Preload(ctx context.Context, job peer.Job) error { return publish(ctx, job, false) }

// publish sends job.N orders over all lanes. With matched, a returned message
// is an error, as it is to a publisher that promises no route at once.
func publish(ctx context.Context, job peer.Job, matched bool) error {
	conn, err := dial(job.URL, "best publish")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	running := failures{stop: cancel}
	for range lanes {
		running.Go(func() error { return publishLane(ctx, conn, job, &next, matched) })
	}
	return errors.Join(running.Wait(), conn.Close())
}

// publishLane waits for what is in a slot of its ring, publishes into it and
// steps on.
func publishLane(ctx context.Context, conn *amqp.Connection, job peer.Job, next *atomic.Int64, matched bool) error {
	ch, err := confirmChannel(conn)
	if err != nil {
		return err
	}
	var returned *returns
	if matched {
		returned = watchReturns(ch)
	}
	order := work.Sample()
	var ring [ringSize]unconfirmed
	for slot := 0; ; slot = (slot + 1) % ringSize {
		n := next.Add(1)
		if n > int64(job.N) {
			break
		}
		if err := ring[slot].wait(ctx, returned); err != nil {
			return err
		}
		body, err := work.Encode(&order)
		if err != nil {
			return err
		}
		id := strconv.FormatInt(n, 36)
		dc, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", job.Queue, true, false, persistent(id, body))
		if err != nil {
			return err
		}
		ring[slot] = unconfirmed{dc: dc, id: id}
	}
	for slot := range ring {
		if err := ring[slot].wait(ctx, returned); err != nil {
			return err
		}
	}
	return nil
}

// unconfirmed is one slot of a ring; its zero value is an empty slot.
type unconfirmed struct {
	dc *amqp.DeferredConfirmation
	id string
}

func (u unconfirmed) wait(ctx context.Context, returned *returns) error {
	if u.dc == nil {
		return nil
	}
	if err := confirmed(ctx, u.dc); err != nil {
		return err
	}
	if returned.take(u.id) {
		return errNoRoute
	}
	return nil
}

func (best) Consume(ctx context.Context, job peer.Job) error {
	conn, err := dial(job.URL, "best consume")
	if err != nil {
		return err
	}
	var left atomic.Int64
	left.Store(int64(job.N))
	finished := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running := failures{stop: cancel}
	for range lanes {
		running.Go(func() error {
			ch, deliveries, err := consume(conn, job.Queue)
			if err != nil {
				return err
			}
			settled := &acker{ch: ch}
			return drain(ctx, deliveries, finished, settled, func(d amqp.Delivery) error {
				if _, err := work.Accept(d.Body); err != nil {
					return err
				}
				err := settled.done(d.DeliveryTag)
				if left.Add(-1) == 0 {
					close(finished)
				}
				return err
			})
		})
	}
	return errors.Join(running.Wait(), conn.Close())
}
