package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// scan looks through a queue on a channel of its own.
type scan struct {
	session *session
	ch      *amqp.Channel
	queue   string
	// closed has the reason when it was not us who closed the channel.
	closed chan *amqp.Error
	// held is the tag of the newest delivery that goes back at the end, 0 for
	// none; visited that of the one in the hands of visit, 0 for none.
	held, visited uint64
	// open are the deliveries that wait for a verdict.
	open []undecided
	// over says that the channel is closed, or closes by itself.
	over bool
}

// undecided is a delivery that waits for its verdict.
type undecided struct {
	tag     uint64
	verdict func() transport.Verdict
}

// Scan visits the ready messages of a queue: see [transport.QueueInspector].
func (c *Conn) Scan(ctx context.Context, queue string, visit func(*transport.Message) (transport.Verdict, bool)) error {
	return c.ScanAhead(ctx, queue, 1, transport.AtOnce(visit))
}

// ScanAhead visits them with verdicts that come later.
func (c *Conn) ScanAhead(ctx context.Context, queue string, ahead int, visit func(*transport.Message) (func() transport.Verdict, bool)) (err error) {
	s, err := c.openScan(ctx, queue)
	if err != nil {
		return err
	}
	// What visit has seen goes back when it panics, too.
	defer func() { err = errors.Join(err, s.explain(s.close(ctx))) }()
	err = s.each(ctx, ahead, visit)
	for len(s.open) > 0 {
		err = cmp.Or(err, s.decide())
	}
	return s.explain(err)
}

func (s *scan) each(ctx context.Context, ahead int, visit func(*transport.Message) (func() transport.Verdict, bool)) error {
	ready := 0
	for seen, more := 0, true; more && seen <= ready; seen++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		d, err := s.get(ctx)
		if err != nil || d == nil {
			return err
		}
		if ctx.Err() != nil {
			s.held = d.DeliveryTag
			return context.Cause(ctx)
		}
		if seen == 0 {
			// How many there are beside this one. Unlike the count of a
			// declaration, it waits for what others have just put back (seen on
			// RabbitMQ 3.10).
			ready = int(d.MessageCount)
		}
		s.visited = d.DeliveryTag
		var verdict func() transport.Verdict
		verdict, more = visit(received(d, time.Now()))
		s.open = append(s.open, undecided{d.DeliveryTag, verdict})
		s.visited = 0
		if len(s.open) >= ahead {
			if err := s.decide(); err != nil {
				return err
			}
		}
	}
	return nil
}

// decide settles the oldest delivery that waits for its verdict.
func (s *scan) decide() error {
	u := s.open[0]
	v := u.verdict()
	s.open = s.open[1:]
	if v != transport.Ack && v != transport.Reject {
		s.held = max(s.held, u.tag)
		return nil
	}
	if s.over {
		return nil
	}
	err := s.settle(u.tag, v)
	s.over = err != nil
	return err
}

// newest is the tag of the newest delivery that is not settled, 0 for none.
func (s *scan) newest() uint64 {
	tag := max(s.held, s.visited)
	if n := len(s.open); n > 0 {
		tag = max(tag, s.open[n-1].tag)
	}
	return tag
}

func (c *Conn) openScan(ctx context.Context, queue string) (*scan, error) {
	// Whether there is such a queue is asked where the question may be repeated.
	if _, err := c.check(ctx, queue); err != nil {
		return nil, err
	}
	s, err := c.receiver.session(ctx)
	if err != nil {
		return nil, fmt.Errorf("rabbitmq: scan queue %q: %w", queue, err)
	}
	n := &scan{session: s, queue: queue}
	err = s.call(ctx, func() (err error) {
		if n.ch, err = s.conn.Channel(); err == nil {
			n.closed = n.ch.NotifyClose(make(chan *amqp.Error, 1))
		}
		return err
	}, func() { _ = n.ch.Close() })
	if err != nil {
		return nil, n.explain(err)
	}
	return n, nil
}

// get takes one message off the queue, nil when none is ready. After an error
// the scan is over: the channel is closed as soon as the broker has answered, and
// the verdicts to come are lost. So an answer that is on its way when ctx ends is
// waited for a little longer.
func (s *scan) get(ctx context.Context) (found *amqp.Delivery, err error) {
	ctx, cancel := graced(ctx, closeTimeout)
	defer cancel()
	answer := make(chan *amqp.Delivery, 1)
	err = s.session.call(ctx, func() error {
		d, ok, err := s.ch.Get(s.queue, false)
		if !ok {
			answer <- nil
			return err
		}
		answer <- &d
		return err
	}, func() { _ = s.ch.Close() })
	if err != nil {
		s.over = true
		return nil, err
	}
	return <-answer, nil
}

// graced returns a context that ends that long after ctx, with its cause.
func graced(ctx context.Context, grace time.Duration) (context.Context, func()) {
	later, end := context.WithCancelCause(context.WithoutCancel(ctx))
	unlink := context.AfterFunc(ctx, func() {
		pause(later, grace)
		end(context.Cause(ctx))
	})
	return later, func() {
		unlink()
		end(nil)
	}
}

func (s *scan) settle(tag uint64, v transport.Verdict) error {
	if v == transport.Ack {
		return s.ch.Ack(tag, false)
	}
	return s.ch.Reject(tag, false)
}

// close puts back what is held and waits until the broker has read it and the
// verdicts before it. It does so when ctx has ended, too.
func (s *scan) close(ctx context.Context) error {
	if s.over {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return s.session.call(ctx, func() error {
		if s.ch.IsClosed() {
			return amqp.ErrClosed
		}
		if newest := s.newest(); newest > 0 {
			// All below it that is not settled goes back with it. From RabbitMQ
			// 4.3 on this counts as no delivery, closing the channel does.
			if err := s.ch.Nack(newest, true, true); err != nil {
				return err
			}
		}
		if err := s.ch.Close(); err != nil {
			return err
		}
		// Closing a channel that is gone is no error to the client library.
		if reason := <-s.closed; reason != nil {
			return reason
		}
		return nil
	}, nil)
}

// explain says what ended a scan: all that was unsettled on a channel which
// somebody else closed goes back, as with a lost session.
func (s *scan) explain(err error) error {
	what := fmt.Sprintf("scan queue %q", s.queue)
	switch c := code(err); {
	case err == nil:
		return nil
	case c == amqp.NotFound, c == amqp.AccessRefused, c == amqp.ResourceLocked, c == amqp.NotImplemented:
		return refusal(what, err)
	case c != 0, s.session.ended(), s.session.conn.IsClosed(), errors.Is(err, amqp.ErrClosed):
		return fmt.Errorf("rabbitmq: %s: %w: %w", what, transport.ErrSessionLost, err)
	default:
		return fmt.Errorf("rabbitmq: %s: %w", what, err)
	}
}
