package memory

import "time"

// keptRing is the length up to which an empty lane keeps its ring.
const keptRing = 4096

// lane is a queue of entries in order of arrival, as a ring.
type lane struct {
	ring []*entry
	head int
	n    int
}

func (l *lane) at(i int) int { return (l.head + i) & (len(l.ring) - 1) }

// grow makes room for one more. The ring's length is a power of two.
func (l *lane) grow() {
	if l.n < len(l.ring) {
		return
	}
	ring := make([]*entry, max(8, 2*len(l.ring)))
	for i := range l.n {
		ring[i] = l.ring[l.at(i)]
	}
	l.ring, l.head = ring, 0
}

func (l *lane) push(e *entry) {
	l.grow()
	l.ring[l.at(l.n)] = e
	l.n++
}

// peek returns the oldest entry, or nil.
func (l *lane) peek() *entry {
	if l.n == 0 {
		return nil
	}
	return l.ring[l.head]
}

// pop removes the oldest entry and returns it, or nil.
func (l *lane) pop() *entry {
	if l.n == 0 {
		return nil
	}
	e := l.ring[l.head]
	l.ring[l.head] = nil
	l.head = l.at(1)
	l.n--
	if l.n == 0 && len(l.ring) > keptRing {
		*l = lane{}
	}
	return e
}

// putBack inserts an entry where it was: by its number, from the front.
func (l *lane) putBack(e *entry) {
	l.grow()
	l.head = l.at(len(l.ring) - 1)
	l.n++
	i := 0
	for ; i+1 < l.n && l.ring[l.at(i+1)].number < e.number; i++ {
		l.ring[l.at(i)] = l.ring[l.at(i+1)]
	}
	l.ring[l.at(i)] = e
}

// backlog is what is ready in a queue: one lane for each priority.
type backlog struct {
	lanes []lane
	n     int
	// bytes is the sum of the bodies.
	bytes int
}

func newBacklog(maxPriority int) backlog { return backlog{lanes: make([]lane, maxPriority+1)} }

func (b *backlog) lane(e *entry) *lane {
	return &b.lanes[min(int(e.message.Priority), len(b.lanes)-1)]
}

func (b *backlog) push(e *entry) {
	b.lane(e).push(e)
	b.n++
	b.bytes += len(e.message.Body)
}

func (b *backlog) putBack(e *entry) {
	b.lane(e).putBack(e)
	b.n++
	b.bytes += len(e.message.Body)
}

// pop removes the next entry: the oldest of the highest priority.
func (b *backlog) pop() *entry {
	for i := len(b.lanes) - 1; i >= 0; i-- {
		if e := b.lanes[i].pop(); e != nil {
			b.removed(e)
			return e
		}
	}
	return nil
}

// popExpired removes one entry at the head of a lane that expires at the latest
// by then, or returns nil.
func (b *backlog) popExpired(then time.Duration) *entry {
	for i := range b.lanes {
		if e := b.lanes[i].peek(); e != nil && e.expires <= then {
			b.removed(b.lanes[i].pop())
			return e
		}
	}
	return nil
}

// nextExpiry is when the first head of a lane expires, or never.
func (b *backlog) nextExpiry() time.Duration {
	first := never
	for i := range b.lanes {
		if e := b.lanes[i].peek(); e != nil {
			first = min(first, e.expires)
		}
	}
	return first
}

func (b *backlog) removed(e *entry) {
	b.n--
	b.bytes -= len(e.message.Body)
}

// each calls f for every entry in the order of delivery.
func (b *backlog) each(f func(*entry)) {
	for i := len(b.lanes) - 1; i >= 0; i-- {
		l := &b.lanes[i]
		for j := range l.n {
			f(l.ring[l.at(j)])
		}
	}
}
