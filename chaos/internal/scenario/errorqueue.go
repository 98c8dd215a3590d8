package scenario

import (
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/chaos/internal/stage"
)

// failed is the run's name for the error queue of a queue.
func failed(r *stage.Run, queue string) string { return r.Queue(queue) + ".error" }

// depth is how many messages are ready in the queue of that full name; 0 when
// there is none, or the broker is away.
func depth(r *stage.Run, queue string) int {
	n, err := r.Depth(queue)
	if err != nil {
		return 0
	}
	return n
}

// drain takes every message out of the queue of that full name.
func drain(r *stage.Run, queue string) ([]amqp.Delivery, error) {
	ch, closeAll, err := channel(r.Node.URL())
	if err != nil {
		return nil, err
	}
	defer closeAll()
	var all []amqp.Delivery
	for {
		d, ok, err := ch.Get(queue, true)
		if err != nil || !ok {
			return all, err
		}
		all = append(all, d)
	}
}

// remove deletes queues; those that are not there are left out.
func remove(r *stage.Run, queues ...string) {
	for _, q := range queues {
		ch, closeAll, err := channel(r.Node.URL())
		if err != nil {
			return
		}
		_, _ = ch.QueueDelete(q, false, false, false)
		closeAll()
	}
}

// patience is how long a run waits for what must come. A control, which waits
// in vain, has much less.
func patience(r *stage.Run) time.Duration {
	if r.Control != "" {
		return 4 * time.Second
	}
	return time.Minute
}
