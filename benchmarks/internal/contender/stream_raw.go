package contender

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/benchmarks/internal/peer"
)

// rawStream publishes as many messages as a request says to its reply address,
// confirmed with 1 000 in flight and without anything that makes a stream of
// them: no numbers, no end, no flow control. Its client only counts.
type rawStream struct{ peer.Contender }

const rawStreamRing = 1000

// ServeStreams answers one request after the other on one channel.
func (rawStream) ServeStreams(ctx context.Context, job peer.Job, ready func()) error {
	conn, err := dial(job.URL, "raw stream serve")
	if err != nil {
		return err
	}
	return errors.Join(serveRawStreams(ctx, conn, job, ready), conn.Close())
}

func serveRawStreams(ctx context.Context, conn *amqp.Connection, job peer.Job, ready func()) error {
	out, err := confirmChannel(conn)
	if err != nil {
		return err
	}
	ch, deliveries, err := consume(conn, job.Queue)
	if err != nil {
		return err
	}
	ready()
	item := make([]byte, peer.ItemBytes)
	for {
		select {
		case <-ctx.Done():
			return nil
		case d, ok := <-deliveries:
			if !ok {
				return errConsumerLost
			}
			if err := publishRawStream(ctx, out, d, item); err != nil {
				return err
			}
			if err := ch.Ack(d.DeliveryTag, false); err != nil {
				return err
			}
		}
	}
}

func publishRawStream(ctx context.Context, ch *amqp.Channel, d amqp.Delivery, item []byte) error {
	n, err := strconv.Atoi(string(d.Body))
	if err != nil {
		return err
	}
	var ring [rawStreamRing]unconfirmed
	for i := range n {
		slot := &ring[i%rawStreamRing]
		if err := slot.wait(ctx, nil); err != nil {
			return err
		}
		dc, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", d.ReplyTo, false, false,
			amqp.Publishing{CorrelationId: d.CorrelationId, Body: item})
		if err != nil {
			return err
		}
		*slot = unconfirmed{dc: dc}
	}
	for i := range ring {
		if err := ring[i].wait(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// DialStreams opens an exclusive queue for the items of all streams.
func (rawStream) DialStreams(_ context.Context, job peer.Job) (peer.StreamReader, error) {
	conn, err := dial(job.URL, "raw stream read")
	if err != nil {
		return nil, err
	}
	ch, err := conn.Channel()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	address, items, err := inbox(ch, true)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	r := &rawReader{conn: conn, ch: ch, queue: job.Queue, address: address, waiting: map[string]*rawWait{}}
	r.counting.Go(func() { r.count(items) })
	return r, nil
}

type rawReader struct {
	conn           *amqp.Connection
	ch             *amqp.Channel
	queue, address string
	counting       sync.WaitGroup

	mu      sync.Mutex
	next    int
	waiting map[string]*rawWait
}

// rawWait is a stream of which left items are missing.
type rawWait struct {
	left int
	done chan struct{}
}

func (r *rawReader) count(items <-chan amqp.Delivery) {
	for d := range items {
		r.mu.Lock()
		if w := r.waiting[d.CorrelationId]; w != nil {
			if w.left--; w.left == 0 {
				delete(r.waiting, d.CorrelationId)
				close(w.done)
			}
		}
		r.mu.Unlock()
	}
}

func (r *rawReader) Read(ctx context.Context, n int) error {
	w := &rawWait{left: n, done: make(chan struct{})}
	r.mu.Lock()
	r.next++
	id := strconv.Itoa(r.next)
	r.waiting[id] = w
	r.mu.Unlock()
	err := r.ch.PublishWithContext(ctx, "", r.queue, false, false, amqp.Publishing{
		CorrelationId: id, ReplyTo: r.address, Body: []byte(strconv.Itoa(n)),
	})
	if err != nil {
		return err
	}
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stream of %d items: %w", n, ctx.Err())
	}
}

func (r *rawReader) Close() error {
	err := r.conn.Close()
	r.counting.Wait()
	return err
}
