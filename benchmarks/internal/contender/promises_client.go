package contender

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

// Dial opens a connection for requests and, with an inbox, another for
// replies. Direct replies come on the channel of their request.
func (p promises) Dial(_ context.Context, job peer.Job) (peer.Caller, error) {
	c := &promisesCaller{queue: job.Queue, replies: newReplyPool()}
	var err error
	if c.out, err = dial(job.URL, "promises call"); err != nil {
		return nil, err
	}
	c.in = c.out
	if p.inbox {
		if c.in, err = dial(job.URL, "promises inbox"); err != nil {
			return nil, errors.Join(err, c.out.Close())
		}
	}
	for range lanes {
		if err := c.open(p.inbox); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

type promisesCaller struct {
	in, out *amqp.Connection // the same one with direct replies
	queue   string
	lanes   []*bestCalls
	next    atomic.Uint64
	replies *replyPool
	reading sync.WaitGroup
}

func (c *promisesCaller) open(exclusive bool) error {
	out, err := confirmChannel(c.out)
	if err != nil {
		return err
	}
	in := out
	if exclusive {
		if in, err = c.in.Channel(); err != nil {
			return err
		}
	}
	address, replies, err := inbox(in, exclusive)
	if err != nil {
		return err
	}
	lane := &bestCalls{calls: calls{pending: map[string]chan answer{}}, ch: out, replyTo: address}
	returned := out.NotifyReturn(make(chan amqp.Return, 4096)) // more than callers
	c.reading.Go(func() { lane.read(replies) })
	c.reading.Go(func() { lane.refuse(returned) })
	c.lanes = append(c.lanes, lane)
	return nil
}

func (c *promisesCaller) Call(ctx context.Context, order *work.Order) (work.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := work.Encode(order)
	if err != nil {
		return work.Receipt{}, err
	}
	id, lane := work.UUID(), c.lanes[c.next.Add(1)%lanes]
	replied := c.replies.get()
	lane.add(id, replied)
	dc, err := lane.send(ctx, c.queue, id, body)
	if err != nil {
		lane.drop(id)
		return work.Receipt{}, err
	}
	a, err := await(ctx, replied, dc)
	if err != nil { // not back into the pool: a late reply may still be sent into it
		lane.drop(id)
		return work.Receipt{}, err
	}
	c.replies.put(replied)
	if a.err != nil {
		return work.Receipt{}, a.err
	}
	return work.Read(a.body)
}

// send publishes a mandatory request that expires with its context.
func (l *bestCalls) send(ctx context.Context, queue, id string, body []byte) (*amqp.DeferredConfirmation, error) {
	deadline, _ := ctx.Deadline()
	remaining := time.Until(deadline).Milliseconds()
	msg := request(id, l.replyTo, body)
	msg.Expiration = strconv.FormatInt(remaining, 10)
	msg.Headers = amqp.Table{deadlineName: remaining}
	return l.ch.PublishWithDeferredConfirmWithContext(ctx, "", queue, true, false, msg)
}

// await returns the answer, which need not wait for the confirm, or the reason
// why none will come.
func await(ctx context.Context, replied <-chan answer, dc *amqp.DeferredConfirmation) (answer, error) {
	stored := dc.Done()
	for {
		select {
		case a := <-replied:
			return a, nil
		case <-stored:
			if !dc.Acked() {
				return answer{}, errNotConfirmed
			}
			stored = nil
		case <-ctx.Done():
			return answer{}, ctx.Err()
		}
	}
}

func (c *promisesCaller) Close() error {
	err := c.out.Close()
	if c.in != c.out {
		err = errors.Join(err, c.in.Close())
	}
	c.reading.Wait()
	return err
}
