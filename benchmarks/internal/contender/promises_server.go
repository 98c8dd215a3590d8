package contender

import (
	"context"
	"errors"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/work"
)

// promisesLane answers the requests of one channel. Workers publish replies
// without waiting; one collector waits for the confirms in that order and then
// acknowledges.
type promisesLane struct {
	out       *amqp.Channel
	mandatory bool
	settled   *acker
	sent      chan sentReply // room for every delivery in hand: a worker never waits here
	returned  *returns       // used by the collector alone
}

type sentReply struct {
	unconfirmed
	tag uint64
}

// confirmGrace bounds the wait for the confirms of the last replies.
const confirmGrace = 5 * time.Second

func (l *promisesLane) serve(ctx context.Context, deliveries <-chan amqp.Delivery) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	collecting, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	workers, collector := failures{stop: cancel}, failures{stop: cancel}
	collector.Go(func() error { return l.collect(collecting) })
	for range workersPerLane {
		workers.Go(func() error { return l.work(ctx, deliveries) })
	}
	err := workers.Wait()
	close(l.sent)
	defer time.AfterFunc(confirmGrace, abandon).Stop()
	return errors.Join(err, collector.Wait())
}

func (l *promisesLane) work(ctx context.Context, deliveries <-chan amqp.Delivery) error {
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return errConsumerLost
			}
			if err := l.answer(ctx, d); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errNoDeadline = errors.New("request: wanted the deadline header in milliseconds above 0")

func (l *promisesLane) answer(ctx context.Context, d amqp.Delivery) error {
	remaining, _ := d.Headers[deadlineName].(int64)
	if remaining <= 0 {
		return errNoDeadline
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(remaining)*time.Millisecond)
	defer cancel()
	deadline, _ := ctx.Deadline()
	body, err := work.Answer(d.Body)
	if err != nil {
		return err
	}
	msg := reply(d.CorrelationId, body)
	msg.MessageId = d.CorrelationId
	msg.Expiration = strconv.FormatInt(time.Until(deadline).Milliseconds(), 10)
	dc, err := l.out.PublishWithDeferredConfirmWithContext(ctx, "", d.ReplyTo, l.mandatory, false, msg)
	if err != nil {
		return err
	}
	l.sent <- sentReply{unconfirmed{dc, msg.MessageId}, d.DeliveryTag}
	return nil
}

// collect acknowledges the requests whose replies are confirmed, in batches,
// and at once when none is waiting. A returned reply is acknowledged too: its
// caller is gone. It ends when sent is closed or a confirm fails.
func (l *promisesLane) collect(ctx context.Context) error {
	for {
		var next sentReply
		var open bool
		select {
		case next, open = <-l.sent:
		default:
			if err := l.settled.flush(); err != nil {
				return err
			}
			next, open = <-l.sent
		}
		if !open {
			return nil
		}
		if err := next.wait(ctx, l.returned); err != nil && !errors.Is(err, errNoRoute) {
			return err
		}
		if err := l.settled.done(next.tag); err != nil {
			return err
		}
	}
}
