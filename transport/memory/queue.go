package memory

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// queue keeps messages and hands them to its feeds. Its mutex is held for short
// steps only: never while a message is published, sent over a channel or
// handled.
type queue struct {
	broker    *Broker
	declared  topology.QueueDeclaration
	arguments map[string]any
	limits    limits
	// owner is the connection of an exclusive queue.
	owner *conn

	mu    sync.Mutex
	ready backlog
	// feeds are the consumers; turn is whose turn it is.
	feeds []*feed
	turn  int
	// ranked is set when the feeds have different priorities.
	ranked    bool
	number    uint64
	unsettled int
	deleted   bool
	// dead are entries to be dead-lettered once the mutex is free.
	dead []death
	// expiry fires at alarm, when the head of a lane expires.
	expiry *time.Timer
	alarm  time.Duration
	// idle fires when a queue with x-expires was unused since lastUse.
	idle    *time.Timer
	lastUse time.Duration
}

func newQueue(b *Broker, d topology.QueueDeclaration, arguments map[string]any, l limits) *queue {
	return &queue{
		broker: b, declared: d, arguments: arguments, limits: l,
		ready: newBacklog(l.maxPriority), alarm: never,
	}
}

// outcome is what a queue does with a message.
type outcome uint8

const (
	taken outcome = iota
	refused
	gone
)

// push stores l, in the given new entry, or hands it on.
func (q *queue) push(l *letter, e *entry) outcome {
	e.letter, e.counted = l, q.limits.countsAttempts
	e.expires = q.expiryOf(l)
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return gone
	}
	if q.limits.refuses(&q.ready, len(l.message.Body)) {
		if q.limits.overflow == topology.RejectPublishDLX {
			q.bury(e, reasonMaxLength)
		}
		return refused
	}
	q.number++
	e.number = q.number
	if q.ready.n == 0 {
		if f := q.pick(); f != nil {
			f.assign(e)
			return taken
		}
	}
	q.ready.push(e)
	q.pump()
	return taken
}

// unlock frees the mutex and then dead-letters what was buried under it.
func (q *queue) unlock() {
	dead := q.dead
	q.dead = nil
	q.mu.Unlock()
	for i := range dead {
		q.broker.deadLetter(&dead[i])
	}
}

// bury removes e for good; its dead letter follows with unlock.
func (q *queue) bury(e *entry, reason string) {
	if q.limits.deadLetter {
		q.dead = append(q.dead, death{queue: q, letter: e.letter, reason: reason})
	}
}

// pump hands ready messages to feeds with room, drops what is too much and
// looks after expiry.
func (q *queue) pump() {
	for q.ready.n > 0 {
		// What expires this very moment (a TTL of 0) may still be delivered.
		q.dropExpired(-1)
		f := q.pick()
		if f == nil {
			break
		}
		e := q.ready.pop()
		if e == nil {
			break
		}
		f.assign(e)
	}
	for q.limits.drops(&q.ready) {
		q.bury(q.ready.pop(), reasonMaxLength)
	}
	if q.ready.n > 0 {
		q.dropExpired(0)
		q.setAlarm()
	}
}

// pick returns the feed whose turn it is, or nil when none has room.
func (q *queue) pick() *feed {
	if q.limits.singleActive {
		if len(q.feeds) > 0 && q.feeds[0].room > 0 {
			return q.feeds[0]
		}
		return nil
	}
	var best *feed
	at := 0
	for i := range q.feeds {
		j := (q.turn + i) % len(q.feeds)
		f := q.feeds[j]
		if f.room == 0 || best != nil && f.priority <= best.priority {
			continue
		}
		best, at = f, j
		if !q.ranked {
			break
		}
	}
	if best != nil {
		q.turn = at + 1
	}
	return best
}

// putBack makes an unsettled entry ready again, as a new entry where it was.
// counts says whether this was an attempt that failed.
func (q *queue) putBack(e *entry, counts bool) {
	again := &entry{
		letter: e.letter, number: e.number, expires: e.expires,
		redelivered: true, counted: e.counted, attempts: e.attempts,
	}
	if counts && again.counted {
		again.attempts++
		if q.limits.deliveries != unlimited && again.attempts > q.limits.deliveries {
			q.bury(again, reasonDeliveryLimit)
			return
		}
	}
	if !q.deleted {
		q.ready.putBack(again)
	}
}

// settle applies a verdict. An unknown one leaves the message untouched.
func (q *queue) settle(e *entry, v transport.Verdict) {
	switch v {
	case transport.Ack:
	case transport.Requeue:
		q.putBack(e, true)
	case transport.Reject:
		q.bury(e, reasonRejected)
	default:
		q.putBack(e, false)
	}
}

var errDeleted = errors.New("the queue was deleted")

// join adds a consumer. It returns errDeleted when the queue is deleted.
func (q *queue) join(f *feed) error {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return errDeleted
	}
	if len(q.feeds) > 0 && (f.consumer.exclusive || q.feeds[0].consumer.exclusive) {
		return permanent("queue %q: wanted to consume alone, got one in exclusive use (ACCESS_REFUSED); "+
			"hint: give each connection a reply queue of its own", q.declared.Name)
	}
	q.feeds = append(q.feeds, f)
	q.rank()
	if q.idle != nil {
		q.idle.Stop()
	}
	q.pump()
	return nil
}

// leave removes a consumer. It reports whether the queue is to be deleted.
func (q *queue) leave(f *feed) bool {
	i := slices.Index(q.feeds, f)
	if i < 0 {
		return false
	}
	q.feeds = slices.Delete(q.feeds, i, i+1)
	q.rank()
	if len(q.feeds) > 0 {
		return false
	}
	q.restartIdle()
	return q.declared.AutoDelete
}

func (q *queue) rank() {
	q.ranked = slices.ContainsFunc(q.feeds, func(f *feed) bool { return f.priority != q.feeds[0].priority })
}

// end closes the queue for good and returns the feeds that it had.
func (q *queue) end() []*feed {
	q.deleted = true
	feeds := q.feeds
	q.feeds = nil
	for _, f := range feeds {
		f.close(false)
	}
	q.ready = newBacklog(q.limits.maxPriority)
	if q.expiry != nil {
		q.expiry.Stop()
	}
	if q.idle != nil {
		q.idle.Stop()
	}
	return feeds
}
