package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// Scan visits the ready messages of a queue: see [transport.QueueInspector].
// What a lost session left unsettled goes back when visit has returned.
func (c *conn) Scan(ctx context.Context, name string, visit func(*transport.Message) (transport.Verdict, bool)) error {
	q, err := c.existing(ctx, name)
	if err != nil {
		return err
	}
	session := c.session.Load()
	var held []*entry
	defer func() { q.release(held) }()
	ready := 0
	for seen, more := 0, true; more && seen <= ready; seen++ {
		if err := c.usable(ctx, name); err != nil {
			return err
		}
		e, rest, err := q.take()
		if e == nil {
			return err
		}
		if seen == 0 {
			ready = rest
		}
		held = append(held, e)
		var v transport.Verdict
		v, more = visit(e.delivery())
		if c.session.Load() != session {
			return fmt.Errorf("memory: scan queue %q: %w", name, transport.ErrSessionLost)
		}
		if v == transport.Ack || v == transport.Reject {
			held = held[:len(held)-1]
			q.dispose(e, v)
		}
	}
	return nil
}

// existing returns a queue that must exist and be open to the connection.
func (c *conn) existing(ctx context.Context, name string) (*queue, error) {
	if err := c.usable(ctx, name); err != nil {
		return nil, err
	}
	return c.broker.existing(topology.Subscription{Queue: topology.QueueDeclaration{Name: name}}, c)
}

// take takes the next message off the queue, unsettled, nil when none is ready,
// and says how many it leaves there.
func (q *queue) take() (e *entry, rest int, err error) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return nil, 0, permanent("queue %q: %w (NOT_FOUND)", q.declared.Name, errDeleted)
	}
	q.dropExpired(0)
	e = q.ready.pop()
	if e != nil {
		q.unsettled++
		e.assigned = time.Now()
	}
	return e, q.ready.n, nil
}

// dispose settles what take returned, for good.
func (q *queue) dispose(e *entry, v transport.Verdict) {
	q.mu.Lock()
	defer q.unlock()
	q.unsettled--
	q.settle(e, v)
}

// release puts back what take returned.
func (q *queue) release(held []*entry) {
	q.mu.Lock()
	defer q.unlock()
	// From the newest: each then goes in at the very front.
	for _, e := range slices.Backward(held) {
		q.unsettled--
		q.putBack(e, false)
	}
	q.pump()
}
