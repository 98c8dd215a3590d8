package contender

import (
	"context"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/work"
)

type naiveCaller struct {
	conn    *amqp.Connection
	ch      *amqp.Channel
	queue   string
	calls   calls
	reading sync.WaitGroup
}

func (c *naiveCaller) Call(ctx context.Context, order *work.Order) (work.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := work.Encode(order)
	if err != nil {
		return work.Receipt{}, err
	}
	id := work.UUID()
	replied := make(chan answer, 1)
	c.calls.add(id, replied)
	if err := c.ch.PublishWithContext(ctx, "", c.queue, false, false, request(id, directReply, body)); err != nil {
		c.calls.drop(id)
		return work.Receipt{}, err
	}
	select {
	case a := <-replied:
		return work.Read(a.body)
	case <-ctx.Done():
		c.calls.drop(id)
		return work.Receipt{}, ctx.Err()
	}
}

func (c *naiveCaller) Close() error {
	err := c.conn.Close()
	c.reading.Wait()
	return err
}
