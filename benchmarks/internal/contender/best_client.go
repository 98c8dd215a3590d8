package contender

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

func (b best) Dial(_ context.Context, job peer.Job) (peer.Caller, error) {
	conn, err := dial(job.URL, "best call")
	if err != nil {
		return nil, err
	}
	c := &bestCaller{conn: conn, queue: job.Queue, replies: newReplyPool()}
	for range lanes {
		if err := c.open(b.inbox); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// bestCaller alternates between lanes, each with a reply consumer and a table
// of its own.
type bestCaller struct {
	conn    *amqp.Connection
	queue   string
	lanes   []*bestCalls
	next    atomic.Uint64
	replies *replyPool
	reading sync.WaitGroup
}

type bestCalls struct {
	calls
	ch      *amqp.Channel
	replyTo string
}

func (c *bestCaller) open(exclusive bool) error {
	ch, err := c.conn.Channel()
	if err != nil {
		return err
	}
	address, replies, err := inbox(ch, exclusive)
	if err != nil {
		return err
	}
	lane := &bestCalls{calls: calls{pending: map[string]chan answer{}}, ch: ch, replyTo: address}
	c.reading.Go(func() { lane.read(replies) })
	c.lanes = append(c.lanes, lane)
	return nil
}

func (c *bestCaller) Call(ctx context.Context, order *work.Order) (work.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := work.Encode(order)
	if err != nil {
		return work.Receipt{}, err
	}
	n := c.next.Add(1)
	id, lane := strconv.FormatUint(n, 36), c.lanes[n%lanes]
	replied := c.replies.get()
	lane.add(id, replied)
	if err := lane.ch.PublishWithContext(ctx, "", c.queue, false, false, request(id, lane.replyTo, body)); err != nil {
		lane.drop(id)
		return work.Receipt{}, err
	}
	select {
	case a := <-replied:
		c.replies.put(replied)
		return work.Read(a.body)
	case <-ctx.Done(): // not back into the pool: a late reply may still be sent into it
		lane.drop(id)
		return work.Receipt{}, ctx.Err()
	}
}

func (c *bestCaller) Close() error {
	err := c.conn.Close()
	c.reading.Wait()
	return err
}
