package scenario

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/transport/topology"
)

const (
	// tries is how often a message is run by parley's own policy: (2+1)×(2+1).
	tries = 9
	// tight is the lower delivery limit; the other is the default.
	tight = 3
	// sinkWithin is how long messages may take to reach the error queue.
	sinkWithin = 3 * time.Minute
)

// deliveryLimit has messages that always fail, in queues that drop what was
// delivered too often. Handled means here: found in the error queue, and why.
func deliveryLimit() Scenario {
	return Scenario{
		Number: 26, Name: "delivery limits of quorum queues against own retries",
		Short: 30 * time.Second, Full: 90 * time.Second,
		Must:     "each message is tried as often as its policy says and then in the error queue once; one that is never settled, too; none is dropped",
		Controls: []string{"own retries off and no dead-lettering"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			each := r.Load(1500) / 3
			r.AtLeast(tight)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			if r.Control != "" {
				return oracle.Expect{}, dropped(ctx, b, 3*each)
			}
			return oracle.Expect{}, limits(ctx, b, each)
		},
	}
}

// runs counts how often each message was run.
type runs struct {
	mu  sync.Mutex
	all map[uint64]int
}

func (c *runs) add(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[id]++
}

func (c *runs) of(id uint64) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[id]
}

func limits(ctx context.Context, b *bench, each int) error {
	app := b.app(b.Node.URL())
	count := &runs{all: map[uint64]int{}}
	fails := func(_ context.Context, body string) error {
		id, err := strconv.ParseUint(body, 10, 64)
		count.add(id)
		if err == nil {
			err = parley.NewError(parley.CodeUnavailable, "always")
		}
		return err
	}
	policy := parley.Retry(parley.Immediate(2), parley.Delayed(200*time.Millisecond, 400*time.Millisecond))
	var begun atomic.Int64
	stays := func(ctx context.Context, _ string) error {
		begun.Add(1)
		<-ctx.Done()
		return context.Cause(ctx)
	}
	app.Subscriber(b.Queue("tight"), fails, policy, parley.From(topology.Quorum(), topology.DeliveryLimit(tight)))
	app.Subscriber(b.Queue("default"), fails, policy, parley.From(topology.Quorum()))
	app.Subscriber(b.Queue("hanging"), stays, parley.Concurrency(each), parley.Prefetch(each), parley.From(topology.Quorum(), topology.DeliveryLimit(tight)))
	if err := app.Start(ctx); err != nil {
		return err
	}
	first := map[string]uint64{}
	for _, queue := range []string{"hanging", "tight", "default"} {
		first[queue] = b.IDs(each)
		target := app.Publisher(b.Queue(queue))
		crowd(each, 50, first[queue], func(id uint64) {
			b.journal.Note(journal.Attempted, id)
			b.settle(id, target.Publish(ctx, text(id), parley.MessageID(text(id))), nil)
		})
	}
	// First the retries alone, so that their number is exact.
	for _, queue := range []string{"tight", "default"} {
		b.sunk(ctx, app, queue, first[queue], each, "always")
		for id := first[queue]; id < first[queue]+uint64(each); id++ {
			b.Requiref(count.of(id) == tries, "message %d in %s: wanted %d runs, got %d", id, queue, tries, count.of(id))
		}
	}
	// Then every delivery is lost with its connection, as if it had killed its
	// process, until the limit is reached.
	for i := range tight {
		b.Requiref(b.Until(ctx, sinkWithin, func() bool { return begun.Load() >= int64((i+1)*each) }),
			"wanted delivery %d of %d messages, got %d in all", i+1, each, begun.Load())
		if err := b.CloseConnections(ctx); err != nil {
			return err
		}
	}
	b.sunk(ctx, app, "hanging", first["hanging"], each, "delivery_limit")
	b.Settle(ctx, time.Minute, "tight", "default", "hanging")
	return nil
}

// sunk waits until so many messages are in the error queue of queue and notes
// each that it finds, which must be one of ours and there for that reason.
func (b *bench) sunk(ctx context.Context, app *parley.App, queue string, first uint64, each int, reason string) {
	wrecks, err := app.ErrorQueue(b.Queue(queue))
	if err != nil {
		b.Wrongf("%v", err)
		return
	}
	depth := 0
	b.Until(ctx, sinkWithin, func() bool {
		if n, err := wrecks.Depth(ctx); err == nil {
			depth = n
		}
		return depth >= each
	})
	b.Requiref(depth == each, "%s: wanted %d messages in the error queue, got %d", queue, each, depth)
	all, err := wrecks.List(ctx, 0)
	b.Requiref(err == nil, "%s: list the error queue: %v", queue, err)
	for _, f := range all {
		id, err := strconv.ParseUint(string(f.Message.Body), 10, 64)
		b.Requiref(err == nil && id >= first && id < first+uint64(each), "%s: wanted an own message in the error queue, got %.20q", queue, f.Message.Body)
		b.Requiref(f.Reason == reason, "%s: message %d: wanted the reason %q, got %q", queue, id, reason, f.Reason)
		b.journal.Note(journal.Handled, id)
	}
}

// dropped gives back what fails, for the broker to count: behind the limit it
// is gone, and nobody is told.
func dropped(ctx context.Context, b *bench, load int) error {
	ch, closeAll, err := channel(b.Node.URL())
	if err != nil {
		return err
	}
	defer closeAll()
	arguments := amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": int32(tight)}
	if _, err := ch.QueueDeclare(b.Queue("work"), true, false, false, false, arguments); err != nil {
		return err
	}
	app := b.app(b.Node.URL())
	target := app.Publisher(b.Queue("work"))
	if err := app.Start(ctx); err != nil {
		return err
	}
	crowd(load, 50, b.IDs(load), func(id uint64) {
		b.journal.Note(journal.Attempted, id)
		b.settle(id, target.Publish(ctx, text(id)), nil)
	})
	if err := ch.Qos(100, 0, false); err != nil {
		return err
	}
	deliveries, err := ch.Consume(b.Queue("work"), "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	for range tight {
		b.Injected()
	}
	gone := context.AfterFunc(ctx, closeAll)
	defer gone()
	idle := time.NewTimer(hush)
	defer idle.Stop()
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return nil
			}
			_ = d.Reject(true)
			idle.Reset(hush)
		case <-idle.C:
			n, err := b.Depth(b.Queue("work"))
			if err == nil && n > 0 {
				err = fmt.Errorf("wanted the broker to drop all messages, got %d in the queue", n)
			}
			return err
		}
	}
}

// hush is how long no delivery may come before none does.
const hush = 3 * time.Second
