package memory

import (
	"cmp"
	"maps"
	"slices"
)

// Disconnect ends every session, as when the network fails, and returns when
// the connections have recovered. Unsettled deliveries go back to their queues,
// to be delivered again; the contexts of their handlers are cancelled with the
// cause [transport.ErrSessionLost]; exclusive queues and the reply addresses of
// sessions go away. Consumers declare what they own and consume again.
func (b *Broker) Disconnect() {
	conns := b.connected()
	// Nobody hears what another one says because it is cut first.
	for _, c := range conns {
		c.loseReplies()
	}
	for _, c := range conns {
		c.loseSession()
	}
	for _, c := range conns {
		c.reattach()
	}
}

// connected returns the connections in the order in which they were made.
func (b *Broker) connected() []*conn {
	b.mu.Lock()
	conns := slices.Collect(maps.Keys(b.conns))
	b.mu.Unlock()
	slices.SortFunc(conns, func(x, y *conn) int { return cmp.Compare(x.number, y.number) })
	return conns
}

// Delete deletes a queue with its messages and reports whether there was one.
// Its consumers declare it anew and consume again.
func (b *Broker) Delete(name string) bool {
	q, ok := b.queues.find(name)
	if !ok {
		return false
	}
	orphans, deleted := b.deleteQueue(q, nil)
	for _, f := range orphans {
		f.consumer.forget(f)
		f.consumer.conn.reattach()
	}
	return deleted
}

// gate holds publishers back until it is open.
type gate struct{ open chan struct{} }

// Block makes publishers wait, as a memory or disk alarm does, until [Broker.Unblock].
// A publisher whose context ends first gets [transport.ErrBlocked]. A broker
// that is blocked already stays so.
func (b *Broker) Block() {
	if b.gate.CompareAndSwap(nil, &gate{open: make(chan struct{})}) {
		b.reportGate()
	}
}

// Unblock ends [Broker.Block].
func (b *Broker) Unblock() {
	if g := b.gate.Swap(nil); g != nil {
		close(g.open)
		b.reportGate()
	}
}

func (b *Broker) reportGate() {
	for _, c := range b.connected() {
		c.reportGate()
		c.reports.tell()
	}
}

// RefuseNext refuses the next n messages that are published, with
// [transport.ErrRefused], in place of those that an earlier call left to be
// refused.
func (b *Broker) RefuseNext(n int) { b.refusals.Store(int64(n)) }

// refuses uses up one of the refusals.
func (b *Broker) refuses() bool {
	for {
		n := b.refusals.Load()
		if n <= 0 {
			return false
		}
		if b.refusals.CompareAndSwap(n, n-1) {
			return true
		}
	}
}
