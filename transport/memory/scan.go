package memory

import (
	"cmp"
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
	return c.ScanAhead(ctx, name, 1, transport.AtOnce(visit))
}

// ScanAhead visits them with verdicts that come later.
func (c *conn) ScanAhead(ctx context.Context, name string, ahead int, visit func(*transport.Message) (func() transport.Verdict, bool)) error {
	q, err := c.existing(ctx, name)
	if err != nil {
		return err
	}
	s := scan{conn: c, queue: q, session: c.session.Load()}
	// What visit has seen goes back when it panics, too.
	defer s.release()
	err = s.each(ctx, ahead, visit)
	for len(s.open) > 0 {
		err = cmp.Or(err, s.decide())
	}
	return err
}

// scan looks through a queue.
type scan struct {
	conn    *conn
	queue   *queue
	session *session
	// held are the entries that are taken and not settled; open are those of
	// them that wait for a verdict.
	held []*entry
	open []undecided
}

type undecided struct {
	entry   *entry
	verdict func() transport.Verdict
}

func (s *scan) each(ctx context.Context, ahead int, visit func(*transport.Message) (func() transport.Verdict, bool)) error {
	ready := 0
	for seen, more := 0, true; more && seen <= ready; seen++ {
		if err := s.conn.usable(ctx, s.queue.declared.Name); err != nil {
			return err
		}
		e, rest, err := s.queue.take()
		if e == nil {
			return err
		}
		if seen == 0 {
			ready = rest
		}
		s.held = append(s.held, e)
		var verdict func() transport.Verdict
		verdict, more = visit(e.delivery())
		s.open = append(s.open, undecided{e, verdict})
		if err := s.lost(); err != nil {
			return err
		}
		if len(s.open) >= ahead {
			if err := s.decide(); err != nil {
				return err
			}
		}
	}
	return nil
}

// decide settles the oldest entry that waits for its verdict.
func (s *scan) decide() error {
	u := s.open[0]
	s.open = s.open[1:]
	v := u.verdict()
	if err := s.lost(); err != nil {
		return err
	}
	if v == transport.Ack || v == transport.Reject {
		i := slices.Index(s.held, u.entry)
		s.held = slices.Delete(s.held, i, i+1)
		s.queue.dispose(u.entry, v)
	}
	return nil
}

func (s *scan) lost() error {
	if s.conn.session.Load() == s.session {
		return nil
	}
	return fmt.Errorf("memory: scan queue %q: %w", s.queue.declared.Name, transport.ErrSessionLost)
}

func (s *scan) release() { s.queue.release(s.held) }

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
