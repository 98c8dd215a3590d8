package contender

import (
	"context"
	"errors"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/peer"
)

// promises is best with what parley keeps as well: requests are mandatory and
// expire with their deadline, which travels in a header; a reply is confirmed
// before its request is acknowledged; publishing and consuming have a
// connection each.
type promises struct {
	inbox bool // replies over an exclusive queue instead of direct reply-to
}

// Publish looks for its own message among the returned ones after each confirm.
func (promises) Publish(ctx context.Context, job peer.Job) error { return publish(ctx, job, true) }

// Consume is best's: nothing is sent, so there is nothing more to promise.
func (promises) Consume(ctx context.Context, job peer.Job) error { return best{}.Consume(ctx, job) }

// Serve consumes on one connection and replies on another.
func (p promises) Serve(ctx context.Context, job peer.Job, ready func()) error {
	in, err := dial(job.URL, "promises consume")
	if err != nil {
		return err
	}
	out, err := dial(job.URL, "promises reply")
	if err != nil {
		return errors.Join(err, in.Close())
	}
	served := serveLanes(ctx, ready, func(ctx context.Context, open *sync.WaitGroup) error {
		lane, deliveries, err := p.lane(in, out, job.Queue)
		open.Done()
		if err != nil {
			return err
		}
		return lane.serve(ctx, deliveries)
	})
	return errors.Join(served, in.Close(), out.Close())
}

func (p promises) lane(in, out *amqp.Connection, queue string) (*promisesLane, <-chan amqp.Delivery, error) {
	replies, err := confirmChannel(out)
	if err != nil {
		return nil, nil, err
	}
	requests, deliveries, err := consume(in, queue)
	if err != nil {
		return nil, nil, err
	}
	return &promisesLane{
		out:       replies,
		mandatory: p.inbox, // a mandatory direct reply comes back although delivered
		settled:   &acker{ch: requests},
		sent:      make(chan sentReply, prefetch),
		returned:  watchReturns(replies),
	}, deliveries, nil
}
