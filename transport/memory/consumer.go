package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// consumer is a subscription over all sessions.
type consumer struct {
	conn *conn
	want transport.Subscription
	// exclusive consumers have their queue for themselves.
	exclusive bool

	// live is the number of working workers, plus 1 until the consumer stops.
	live atomic.Int32
	// ended is closed when live comes to 0.
	ended chan struct{}
	// idle is where workers wait for a delivery; workers counts all of them.
	idle    chan job
	workers sync.WaitGroup

	// mu is taken before a queue's mutex.
	mu sync.Mutex
	// current is the feed of this session, nil without one.
	current *feed
	stopped bool
	// err is why it does not consume.
	err error

	// status is used by the connection's reports alone.
	status *transport.Tracker
}

func newConsumer(c *conn, s transport.Subscription) *consumer {
	k := &consumer{conn: c, want: s, ended: make(chan struct{}), idle: make(chan job)}
	k.status = transport.NewTracker(transport.Status{Queue: s.Topology.Queue.Name}, c.logger, s.OnStatus)
	k.live.Store(1)
	return k
}

// acquire counts one more worker unless that is one too many.
func (k *consumer) acquire() bool {
	for {
		n := k.live.Load()
		if n == 0 || int(n) > k.want.Workers {
			return false
		}
		if k.live.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (k *consumer) release() {
	if k.live.Add(-1) == 0 {
		close(k.ended)
	}
}

// job is a delivery for a worker.
type job struct {
	feed  *feed
	entry *entry
	// exited is the message whose handler ended the goroutine of the worker that
	// had it; nil for a new delivery.
	exited *transport.Message
}

// assign gives j to an idle worker, or else to a new one. It never waits, so a
// queue's mutex may be held.
func (k *consumer) assign(j job) {
	select {
	case k.idle <- j:
	default:
		k.workers.Go(func() { k.worker(j) })
	}
}

// worker stays until the consumer has ended: its stack has grown to what the
// handler needs, which a new goroutine's would have to do again.
func (k *consumer) worker(j job) {
	var now job
	defer func() {
		if now.exited != nil {
			left := now
			k.workers.Go(func() { k.worker(left) })
		}
	}()
	for {
		k.work(j, &now)
		select {
		case j = <-k.idle:
		case <-k.ended:
			return
		}
	}
}

// work handles j and whatever is to be handled after it. What it has in hand it
// keeps in now, so that another worker can go on with it.
func (k *consumer) work(j job, now *job) {
	f, e, m := j.feed, j.entry, j.exited
	for exited := m != nil; e != nil; exited = false {
		if !exited {
			m = e.delivery()
		}
		*now = job{f, e, m}
		v := k.want.Decide(f.ctx, m, exited)
		now.exited = nil
		f, e = f.settle(e, v)
	}
}

// handOver is for a worker whose feed is closed: it goes on with the feed of
// the present session or ends.
func (k *consumer) handOver() (*feed, *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.current
	if f == nil {
		k.release()
		return nil, nil
	}
	f.queue.mu.Lock()
	defer f.queue.mu.Unlock()
	next := f.waiting.pop()
	if next == nil {
		k.release()
	}
	return f, next
}

// attach declares what the subscription owns and consumes, unless it does so
// already or is stopped. A failure stays as the consumer's error.
func (k *consumer) attach() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for !k.stopped && k.current == nil {
		q, err := k.conn.broker.declare(k.want.Topology, k.conn)
		if err != nil {
			k.err = err
			k.reportLost(err)
			return err
		}
		f := k.newFeed(q)
		k.current, k.err = f, nil
		if err := q.join(f); err != nil {
			k.current = nil
			f.cancel(transport.ErrSessionLost)
			// A queue deleted since it was declared is declared again.
			if !errors.Is(err, errDeleted) {
				k.err = err
				k.reportLost(err)
			}
		}
		if k.err != nil {
			break
		}
		if k.current != nil {
			k.reportConsuming(q.declared.Name)
		}
	}
	return k.err
}

func (k *consumer) newFeed(q *queue) *feed {
	f := &feed{consumer: k, queue: q, room: k.want.Prefetch}
	if n, err := normalise(k.want.Topology.ConsumerArguments[topology.ArgConsumerPriority]); err == nil {
		f.priority, _ = n.(int64)
	}
	f.ctx, f.cancel = context.WithCancelCause(context.Background())
	return f
}

// lose ends the present feed because its session is gone.
func (k *consumer) lose() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f := k.current; f != nil {
		k.drop(f, transport.ErrSessionLost)
		k.reportLost(errLost)
	}
}

// drop closes f, gives its deliveries back and ends its handlers' context.
func (k *consumer) drop(f *feed, why error) {
	k.current = nil
	q := f.queue
	q.mu.Lock()
	unused := q.leave(f)
	f.close(true)
	q.pump()
	q.unlock()
	f.cancel(why)
	if unused {
		q.deleteUnused()
	}
}

// forget ends f, whose queue was deleted.
func (k *consumer) forget(f *feed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current == f {
		k.current = nil
		k.reportLost(errDeleted)
	}
	f.cancel(transport.ErrSessionLost)
}

func (q *queue) deleteUnused() {
	q.broker.deleteQueue(q, func() bool { return len(q.feeds) == 0 })
}

// Ready returns at once: a session is recovered as soon as it is lost.
func (k *consumer) Ready(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return k.Err()
}

// Err is nil while consuming.
func (k *consumer) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

// Stop ends the consumer, see [transport.Consumer].
func (k *consumer) Stop(ctx context.Context) error {
	k.beginStop()
	defer k.conn.forget(k)
	return k.awaitStop(ctx)
}

// beginStop takes no further deliveries and hands the prefetched ones back.
func (k *consumer) beginStop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return
	}
	k.stopped, k.err = true, errStopped
	if f := k.current; f != nil {
		q := f.queue
		q.mu.Lock()
		unused := q.leave(f)
		f.giveBackWaiting()
		q.pump()
		q.unlock()
		if unused {
			q.deleteUnused()
		}
	}
	k.release()
}

// awaitStop waits for the handlers, or gives back what they have when ctx ends.
func (k *consumer) awaitStop(ctx context.Context) error {
	defer k.reportClosed()
	select {
	case <-k.ended:
	default:
		select {
		case <-k.ended:
		case <-ctx.Done():
			k.abandon(context.Cause(ctx))
			return fmt.Errorf("memory: stop consuming queue %q: handlers are still running: %w", k.want.Topology.Queue.Name, ctx.Err())
		}
	}
	k.abandon(context.Canceled)
	k.workers.Wait()
	return nil
}

// abandon gives up the last feed.
func (k *consumer) abandon(why error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f := k.current; f != nil {
		k.drop(f, why)
	}
}
