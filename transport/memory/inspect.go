package memory

import (
	"maps"
	"slices"

	"github.com/parley-go/parley/transport"
)

// Queues returns the names of all queues in order. The reply addresses of
// sessions are not among them.
func (b *Broker) Queues() []string { return slices.Sorted(maps.Keys(b.queues.all())) }

// Depth returns how many messages are ready in a queue, without those that a
// consumer has; 0 when there is no such queue.
func (b *Broker) Depth(name string) int {
	n := 0
	b.look(name, func(q *queue) { n = q.ready.n })
	return n
}

// Unsettled returns how many messages of a queue were delivered and are not
// settled yet.
func (b *Broker) Unsettled(name string) int {
	n := 0
	b.look(name, func(q *queue) { n = q.unsettled })
	return n
}

// Consumers returns how many consumers a queue has.
func (b *Broker) Consumers(name string) int {
	n := 0
	b.look(name, func(q *queue) { n = len(q.feeds) })
	return n
}

// Peek returns copies of the messages that are ready in a queue, in the order
// of their delivery. They stay there.
func (b *Broker) Peek(name string) []*transport.Message {
	var all []*transport.Message
	b.look(name, func(q *queue) {
		q.ready.each(func(e *entry) { all = append(all, e.delivery()) })
	})
	return all
}

// Take removes the message that would be delivered next and returns it. It
// reports false when none is ready.
func (b *Broker) Take(name string) (*transport.Message, bool) {
	var e *entry
	b.look(name, func(q *queue) { e = q.ready.pop() })
	if e == nil {
		return nil, false
	}
	return e.delivery(), true
}

func (b *Broker) look(name string, f func(*queue)) {
	q, ok := b.queues.find(name)
	if !ok {
		return
	}
	q.mu.Lock()
	defer q.unlock()
	q.dropExpired(0)
	f(q)
}
