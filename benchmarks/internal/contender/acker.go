package contender

import (
	"context"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// acker acknowledges the contiguous run of finished deliveries of one channel
// with one frame per batch. It may be used concurrently.
type acker struct {
	ch    *amqp.Channel
	mu    sync.Mutex
	head  uint64              // highest tag below which all is finished
	acked uint64              // highest tag acknowledged
	ahead map[uint64]struct{} // finished above head
}

// done marks a delivery as finished and acknowledges when a batch is complete.
func (a *acker) done(tag uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if tag != a.head+1 {
		if a.ahead == nil {
			a.ahead = map[uint64]struct{}{}
		}
		a.ahead[tag] = struct{}{}
		return nil
	}
	a.head = tag
	for len(a.ahead) > 0 {
		if _, ok := a.ahead[a.head+1]; !ok {
			break
		}
		a.head++
		delete(a.ahead, a.head)
	}
	if a.head-a.acked < ackBatch {
		return nil
	}
	return a.ack()
}

// flush acknowledges what is finished, batch or not.
func (a *acker) flush() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ack()
}

// ack runs under the lock: a lower tag acknowledged after a higher one would
// close the channel.
func (a *acker) ack() error {
	if a.head == a.acked {
		return nil
	}
	a.acked = a.head
	return a.ch.Ack(a.head, true)
}

// drain handles deliveries until finished closes or ctx ends, and flushes the
// acknowledgements whenever no delivery is waiting.
func drain(
	ctx context.Context, deliveries <-chan amqp.Delivery, finished <-chan struct{},
	settled *acker, handle func(amqp.Delivery) error,
) error {
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return errConsumerLost
			}
			if err := handle(d); err != nil {
				return err
			}
			continue
		default:
		}
		if err := settled.flush(); err != nil {
			return err
		}
		select {
		case d, ok := <-deliveries:
			if !ok {
				return errConsumerLost
			}
			if err := handle(d); err != nil {
				return err
			}
		case <-finished:
			return settled.flush()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
