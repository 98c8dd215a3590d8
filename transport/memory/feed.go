package memory

import (
	"context"
	"time"

	"github.com/parley-go/parley/transport"
)

// feed is one session's consumer on one queue: what a channel with a consumer
// is in AMQP. Its queue's mutex guards it.
//
// A delivery goes to an idle worker or starts one, up to the number that the
// consumer may have; a worker goes on with what was prefetched and waits when
// nothing is left.
type feed struct {
	consumer *consumer
	queue    *queue
	priority int64
	// ctx is the handlers' context.
	ctx    context.Context
	cancel context.CancelCauseFunc

	// room is how many more deliveries it may have.
	room int
	// waiting are the prefetched deliveries that no worker has taken.
	waiting lane
	// first and last are the ends of the list of unsettled deliveries, those in
	// waiting among them, in the order of delivery.
	first, last *entry
	// settling is true while a worker is about to take from waiting.
	settling bool
	// closed: its deliveries can no longer be settled.
	closed bool
}

// assign gives f a delivery.
func (f *feed) assign(e *entry) {
	f.room--
	f.queue.unsettled++
	e.assigned = time.Now()
	f.link(e)
	f.waiting.push(e)
	if !f.settling {
		f.start()
	}
}

// start sets a worker on what is waiting, if there may be one more.
func (f *feed) start() {
	if f.waiting.n > 0 && f.consumer.acquire() {
		f.consumer.assign(job{f, f.waiting.pop(), nil})
	}
}

// settle writes the verdict about e and returns what its worker does next:
// another delivery, perhaps of a later session, or nil.
func (f *feed) settle(e *entry, v transport.Verdict) (*feed, *entry) {
	q := f.queue
	q.mu.Lock()
	if f.closed {
		q.mu.Unlock()
		return f.consumer.handOver()
	}
	f.unlink(e)
	q.unsettled--
	f.room++
	q.settle(e, v)
	f.settling = true
	q.pump()
	f.settling = false
	next := f.waiting.pop()
	if next == nil {
		f.consumer.release()
	}
	q.unlock()
	return f, next
}

// close ends f: nothing that it has can be settled from now on, and with
// giveBack it goes back to the queue as an attempt that failed.
func (f *feed) close(giveBack bool) {
	f.closed = true
	f.room = 0
	f.waiting = lane{}
	for e := f.last; e != nil; e = e.before {
		if giveBack {
			f.queue.putBack(e, true)
		}
		f.queue.unsettled--
	}
	f.first, f.last = nil, nil
}

// giveBackWaiting returns the prefetched deliveries that no worker has taken.
func (f *feed) giveBackWaiting() {
	f.room = 0
	// From the newest: each then goes in at the very front.
	for i := f.waiting.n - 1; i >= 0; i-- {
		e := f.waiting.ring[f.waiting.at(i)]
		f.unlink(e)
		f.queue.unsettled--
		f.queue.putBack(e, false)
	}
	f.waiting = lane{}
}

func (f *feed) link(e *entry) {
	e.before = f.last
	if f.last == nil {
		f.first = e
	} else {
		f.last.after = e
	}
	f.last = e
}

func (f *feed) unlink(e *entry) {
	if e.before == nil {
		f.first = e.after
	} else {
		e.before.after = e.after
	}
	if e.after == nil {
		f.last = e.before
	} else {
		e.after.before = e.before
	}
	e.before, e.after = nil, nil
}
