package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// retryPause is the pause before a message goes to the next session.
const retryPause = 5 * time.Millisecond

// fresh is how old a timed message may be when it is sent.
const fresh = 5 * time.Millisecond

// outgoing is a publication ready for the wire.
type outgoing struct {
	exchange  *topology.Exchange
	key       string
	mandatory bool
	// item says that it is one of many for one inbox.
	item    bool
	message amqp.Publishing
	// timed is the publication of a message that grows old, filled when.
	timed  *transport.Publication
	filled time.Time
}

func (o *outgoing) exchangeName() string {
	if o.exchange == nil {
		return ""
	}
	return o.exchange.Name
}

func (o *outgoing) fill(p *transport.Publication) error {
	o.exchange, o.key, o.mandatory = p.Exchange, p.Key, p.Mandatory
	if len(p.Key) > maxShort {
		return unfit(o, fmt.Errorf("wanted a routing key of at most %d bytes, got %d", maxShort, len(p.Key)))
	}
	if n := len(o.exchangeName()); n > maxShort {
		return unfit(o, fmt.Errorf("wanted an exchange name of at most %d bytes, got %d", maxShort, n))
	}
	var err error
	if o.message, err = publishing(p.Message); err != nil {
		return unfit(o, err)
	}
	o.item = p.Item && o.message.DeliveryMode == amqp.Transient
	if p.Timed != nil {
		o.timed, o.filled = p, time.Now()
	}
	return nil
}

// refresh brings a message up to date that had to wait.
func (o *outgoing) refresh() error {
	if o.timed == nil || time.Since(o.filled) < fresh {
		return nil
	}
	replyTo := o.message.ReplyTo
	o.timed.Timed.Refresh(o.timed.Message)
	err := o.fill(o.timed)
	o.message.ReplyTo = replyTo
	return err
}

// checkUser refuses what the broker would answer by closing the channel that
// all publishers share. A login by certificate is known to the broker only.
//
// Source: https://www.rabbitmq.com/docs/validated-user-id
func (c *Conn) checkUser(o *outgoing) error {
	id := o.message.UserId
	if id == "" || c.cfg.certificate != nil {
		return nil
	}
	for _, h := range c.hosts {
		if h.login.user != id {
			return unfit(o, fmt.Errorf("wanted the user id of this login or none, got %q", id))
		}
	}
	return nil
}

// unfit is the error of a message that can never be sent as it is.
func unfit(o *outgoing, err error) error { return notSent(o, &transport.PermanentError{Err: err}) }

func notSent(o *outgoing, err error) error {
	return fmt.Errorf("rabbitmq: publish to %s: %w: %w", returnKey{o.exchangeName(), o.key, ""}, transport.ErrNotSent, err)
}

// Publish hands p to the broker: see [transport.Conn].
func (c *Conn) Publish(ctx context.Context, p *transport.Publication) (transport.Confirmation, error) {
	var o outgoing
	if err := o.fill(p); err != nil {
		return nil, err
	}
	if err := c.checkUser(&o); err != nil {
		return nil, err
	}
	if p.Reply && p.Exchange == nil && strings.HasPrefix(p.Key, directPrefix) {
		return c.publishDirect(ctx, &o)
	}
	conf := new(confirmation)
	if err := c.send(ctx, c.publisher, laneMessages, &o, conf); err != nil {
		return nil, err
	}
	return conf, nil
}

// Request publishes p with a reply address of the connection's own: see
// [transport.Conn].
func (c *Conn) Request(ctx context.Context, p *transport.Publication) (transport.Pending, error) {
	var o outgoing
	if err := o.fill(p); err != nil {
		return nil, err
	}
	if err := c.checkUser(&o); err != nil {
		return nil, err
	}
	address, gone, err := c.replies.address(ctx)
	if err != nil {
		return nil, c.unsent(ctx, &o, err)
	}
	o.message.ReplyTo = address
	call := &pending{lost: gone}
	if err := c.send(ctx, c.publisher, laneRequests, &o, &call.confirmation); err != nil {
		return nil, err
	}
	if c.cfg.direct {
		call.lost = call.lane.done
	}
	return call, nil
}

// send publishes o on the current session of l, waiting for one, for the end
// of a block, and for room. A session that ends before it took the message is
// replaced by the next one.
func (c *Conn) send(ctx context.Context, l *link, kind int, o *outgoing, conf *confirmation) error {
	for {
		again, err := c.trySend(ctx, l, kind, o, conf)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, transport.ErrBlocked) && c.life.Err() == nil:
			return err
		case !again || c.life.Err() != nil || ctx.Err() != nil:
			return c.unsent(ctx, o, err)
		}
		// The end of the session may not have been noticed everywhere yet.
		if !pause(ctx, retryPause) {
			return c.unsent(ctx, o, err)
		}
	}
}

// trySend makes one attempt; again says that another one may succeed.
func (c *Conn) trySend(ctx context.Context, l *link, kind int, o *outgoing, conf *confirmation) (again bool, err error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	s, err := l.session(ctx)
	if err != nil {
		return false, err
	}
	if err := s.open(ctx); err != nil {
		return false, err
	}
	if err := s.pipe.room(ctx); err != nil {
		if s.shut.Load() {
			err = blocked(err)
		}
		return false, err
	}
	err = s.exchange(ctx, o.exchange, c.cfg.passive)
	if err == nil {
		err = c.publish(ctx, s, kind, o, conf)
	}
	return err != nil && !isPermanent(err) && (errors.Is(err, amqp.ErrClosed) || s.conn.IsClosed()), err
}

// publish puts o on a lane of s when the lane has room for it.
func (c *Conn) publish(ctx context.Context, s *session, kind int, o *outgoing, conf *confirmation) error {
	ln, err := s.lane(ctx, kind, c.directReplies(kind))
	if err != nil {
		return err
	}
	in, err := ln.windows.of(o).enter(ctx)
	if err != nil {
		if s.shut.Load() {
			err = blocked(err)
		}
		return err
	}
	if err := o.refresh(); err != nil {
		in.leave(nil)
		return err
	}
	return ln.publish(o, conf, in)
}

// unsent is the error of a message that did not leave.
func (c *Conn) unsent(ctx context.Context, o *outgoing, err error) error {
	if c.life.Err() != nil {
		return fmt.Errorf("rabbitmq: publish to %s: %w", returnKey{o.exchangeName(), o.key, ""}, transport.ErrClosed)
	}
	if ctx.Err() != nil {
		err = ended(ctx, err)
	}
	return notSent(o, err)
}

// directReplies is what a requests lane does with direct replies, or nil.
func (c *Conn) directReplies(kind int) func(*amqp.Delivery) {
	if kind != laneRequests || !c.cfg.direct {
		return nil
	}
	return c.reply
}
