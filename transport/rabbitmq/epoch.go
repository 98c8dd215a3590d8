package rabbitmq

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// epoch is the life of one consumer channel: its deliveries, its workers and
// its settler. A subscription goes through many, one after the other.
type epoch struct {
	sub *transport.Subscription
	ch  *amqp.Channel
	tag string
	// queue is its name, given by the broker where the app gave none.
	queue string
	// arrivals are the deliveries where they may have to wait for a worker, nil
	// where a worker takes each at once.
	arrivals   <-chan arrival
	deliveries <-chan amqp.Delivery
	cancelled  <-chan string
	settler    *settler
	// ctx is the handlers' context. It ends with the epoch.
	ctx context.Context
	end context.CancelCauseFunc

	// slots bound the workers of all epochs of the subscription together, which
	// workers counts.
	slots   chan struct{}
	workers *sync.WaitGroup
	// idle workers wait for a delivery; inHand deliveries are being handled.
	idle   atomic.Int32
	inHand atomic.Int32
	// draining says that deliveries go back unhandled.
	draining atomic.Bool
}

// arrival is a delivery and when it came.
type arrival struct {
	amqp.Delivery
	at time.Time
}

// stamp notes when deliveries arrive. The result has room for all of them, as
// many as the prefetch, so its goroutine ends when the deliveries do.
func stamp(deliveries <-chan amqp.Delivery, prefetch int) (arrivals chan arrival, run func()) {
	arrivals = make(chan arrival, prefetch)
	return arrivals, func() {
		defer close(arrivals)
		for d := range deliveries {
			arrivals <- arrival{d, time.Now()}
		}
	}
}

// work runs one worker after the other, up to the limit: a worker that takes a
// delivery while none waits starts the next one. So there are as many as the
// load needs, and each reads the deliveries itself.
func (e *epoch) work() {
	e.workers.Go(func() {
		select {
		case e.slots <- struct{}{}:
			e.worker(nil)
		case <-e.ctx.Done():
			// A handler of an earlier epoch kept the last slot.
		}
	})
}

// task is a delivery that a worker handles. The worker that takes the place of
// one whose goroutine a handler ended goes on with its delivery.
type task struct {
	tag     uint64
	message *transport.Message
}

// worker handles deliveries, left first, which may be nil.
func (e *epoch) worker(left *task) {
	var now task
	defer func() {
		if now.message == nil {
			<-e.slots
			return
		}
		left := now
		e.workers.Go(func() { e.worker(&left) })
	}()
	if left != nil {
		now = *left
		e.decide(&now, true)
	}
	e.idle.Add(1)
	for {
		d, ok := e.next()
		if e.idle.Add(-1) == 0 && ok {
			e.another()
		}
		if !ok {
			return
		}
		e.inHand.Add(1)
		e.handle(&d, &now)
		e.idle.Add(1)
	}
}

// decide settles what a worker has in hand.
func (e *epoch) decide(now *task, exited bool) {
	e.settler.finish(now.tag, e.sub.Decide(e.ctx, now.message, exited))
	now.message = nil
	e.inHand.Add(-1)
}

// next takes a delivery. When none is waiting and none in hand, it first lets
// the settler write what it has gathered.
func (e *epoch) next() (arrival, bool) {
	if a, ok, waiting := e.poll(); waiting {
		return a, ok
	}
	if e.inHand.Load() == 0 {
		e.settler.idle()
	}
	if e.arrivals != nil {
		a, ok := <-e.arrivals
		return a, ok
	}
	d, ok := <-e.deliveries
	return arrival{d, time.Now()}, ok
}

// poll takes a delivery that is waiting.
func (e *epoch) poll() (a arrival, ok, waiting bool) {
	if e.arrivals != nil {
		select {
		case a, ok = <-e.arrivals:
			return a, ok, true
		default:
			return a, false, false
		}
	}
	select {
	case d, ok := <-e.deliveries:
		return arrival{d, time.Now()}, ok, true
	default:
		return a, false, false
	}
}

// another starts one more worker where the limit allows it.
func (e *epoch) another() {
	select {
	case e.slots <- struct{}{}:
		e.workers.Go(func() { e.worker(nil) })
	default:
	}
}

// handle keeps in now what it has in hand.
func (e *epoch) handle(d *arrival, now *task) {
	if e.draining.Load() {
		e.settler.finish(d.DeliveryTag, transport.Return)
		e.inHand.Add(-1)
		return
	}
	if e.ctx.Err() != nil {
		e.inHand.Add(-1)
		return
	}
	now.tag, now.message = d.DeliveryTag, received(&d.Delivery, d.at)
	e.decide(now, false)
}
