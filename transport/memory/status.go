package memory

import "sync"

// reports are what a connection still has to say about itself and its
// consumers. They are added where the change is made, under whatever mutex,
// and told in that order when the mutex is free again.
type reports struct {
	mu      sync.Mutex
	waiting []func()
	// telling lets one goroutine tell at a time; it guards nothing.
	telling sync.Mutex
}

func (r *reports) add(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, f)
}

// tell returns when everything that was added before is told. No mutex of the
// broker may be held.
func (r *reports) tell() {
	r.telling.Lock()
	defer r.telling.Unlock()
	for {
		r.mu.Lock()
		waiting := r.waiting
		r.waiting = nil
		r.mu.Unlock()
		if len(waiting) == 0 {
			return
		}
		for _, f := range waiting {
			f()
		}
	}
}

// reportUp says that there is a session, and whether publishers may use it.
func (c *conn) reportUp() {
	c.reports.add(func() { c.status.Up() })
	if c.broker.gate.Load() != nil {
		c.reportGate()
	}
}

// reportGate says what the gate is when it is told of, so that of two changes at
// once the last one stands.
func (c *conn) reportGate() {
	c.reports.add(func() {
		if c.broker.gate.Load() != nil {
			c.status.Blocked(errBlocked)
			return
		}
		c.status.Up()
	})
}

func (k *consumer) reportLost(err error) { k.conn.reports.add(func() { k.status.Lost(err) }) }

func (k *consumer) reportConsuming(queue string) {
	k.conn.reports.add(func() { k.status.Consuming(queue) })
}

func (k *consumer) reportClosed() {
	k.conn.reports.add(func() { k.status.Closed() })
	k.conn.reports.tell()
}
