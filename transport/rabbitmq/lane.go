package rabbitmq

import (
	"context"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

// The lanes of a publishing session. A fault of one does not touch the other.
const (
	laneMessages = iota
	laneRequests
	laneKinds
)

// directReplyTo is the pseudo-queue of direct replies.
const directReplyTo = "amq.rabbitmq.reply-to"

// lane is a long-lived channel in confirm mode that all callers share.
type lane struct {
	session *session
	ch      *amqp.Channel
	returns *returns
	windows windows
	// done is closed when the channel is, and the last reply handed over.
	done chan struct{}
}

// lanePlace holds the current lane of one kind. A closed one is replaced by
// whoever needs it next.
type lanePlace struct {
	current atomic.Pointer[lane]
	opening chan struct{}
}

// lane returns the open lane of a kind, opening it where there is none.
func (s *session) lane(ctx context.Context, kind int, replies func(*amqp.Delivery)) (*lane, error) {
	place := &s.lanes[kind]
	if l := place.current.Load(); l != nil && !l.ch.IsClosed() {
		return l, nil
	}
	select {
	case place.opening <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-place.opening }()
	if l := place.current.Load(); l != nil && !l.ch.IsClosed() {
		return l, nil
	}
	var l *lane
	err := s.call(ctx, func() (err error) {
		l, err = s.openLane(replies)
		return err
	}, func() { _ = l.ch.Close() })
	if err != nil {
		return nil, err
	}
	place.current.Store(l)
	return l, nil
}

// openLane readies a channel completely before anybody may publish on it: one
// publication before the confirm mode would shift all confirms for ever.
func (s *session) openLane(replies func(*amqp.Delivery)) (*lane, error) {
	ch, err := s.conn.Channel()
	if err != nil {
		return nil, err
	}
	if err := ch.Confirm(false); err != nil {
		return nil, err
	}
	var deliveries <-chan amqp.Delivery
	if replies != nil {
		// The requests must leave on the channel that consumes the replies.
		if deliveries, err = ch.Consume(directReplyTo, "", true, false, false, false, nil); err != nil {
			return nil, refusal("consume direct replies", err)
		}
	}
	l := &lane{session: s, ch: ch, returns: listen(ch), windows: newWindows(), done: make(chan struct{})}
	var reading sync.WaitGroup
	if replies != nil {
		reading.Go(func() {
			for d := range deliveries {
				replies(&d)
			}
		})
	}
	started := s.spawn(func() {
		defer close(l.done)
		l.returns.run()
		reading.Wait()
		l.explain(l.returns.why())
	})
	if !started {
		reading.Wait()
		return nil, context.Cause(s.ctx)
	}
	return l, nil
}

// explain logs why the broker closed the channel; reason is nil when we did.
func (l *lane) explain(reason *amqp.Error) {
	if reason == nil {
		return
	}
	l.session.log.Warn("parley: publishing channel closed by the broker", "error", reason)
	// An exchange may be gone: look again before the next publication.
	l.session.exchanges.known.Clear()
}

// publish hands one message to the client library, which appends it to the
// pipe, and fills conf; in is its place in the window. An error means that the
// broker cannot have got all of it.
func (l *lane) publish(o *outgoing, conf *confirmation, in *place) error {
	exchange := o.exchangeName()
	deferred, err := l.ch.PublishWithDeferredConfirm(exchange, o.key, o.mandatory, false, o.message)
	in.leave(deferred)
	if err != nil {
		return err
	}
	*conf = confirmation{
		deferred:  deferred,
		lane:      l,
		key:       returnKey{exchange, o.key, o.message.MessageId},
		mandatory: o.mandatory,
		size:      len(o.message.Body),
	}
	return nil
}
