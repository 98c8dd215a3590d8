package memory

import (
	"context"
	"fmt"
	"strings"

	"github.com/parley-go/parley/transport"
)

// stored is the outcome of every message that was taken.
var stored transport.Confirmation = transport.Settled{}

// Publish stores p or refuses it: its outcome is known when it returns.
func (c *conn) Publish(ctx context.Context, p *transport.Publication) (transport.Confirmation, error) {
	if err := c.mayPublish(ctx, p); err != nil {
		return nil, err
	}
	replyTo := ""
	if p.Inbox != nil {
		inbox, err := c.Inbox(ctx)
		if err != nil {
			return nil, err
		}
		*p.Inbox, replyTo = inbox, inbox.Address
	}
	done, err := c.publish(p, replyTo)
	if err != nil {
		return nil, err
	}
	return confirmation(done), nil
}

// confirmation spares an allocation for what is stored.
func confirmation(done transport.Settled) transport.Confirmation {
	if done.Outcome == nil {
		return stored
	}
	return done
}

// Request is Publish with a reply address, which it takes after the wait: what
// there was before may have gone with its session.
func (c *conn) Request(ctx context.Context, p *transport.Publication) (transport.Pending, error) {
	if err := c.mayPublish(ctx, p); err != nil {
		return nil, err
	}
	s := c.session.Load()
	address, err := c.replyAddress(s)
	if err != nil {
		return nil, err
	}
	done, err := c.publish(p, address)
	if err != nil {
		return nil, err
	}
	return s.pending(done), nil
}

// pending spares an allocation for a request that is stored.
func (s *session) pending(done transport.Settled) transport.Pending {
	if done.Outcome == nil {
		return s.accepted
	}
	return &pending{done, s.lost()}
}

// publish returns the outcome of p, or an error when it was not sent.
func (c *conn) publish(p *transport.Publication, replyTo string) (transport.Settled, error) {
	x, err := c.broker.exchangeOf(p)
	if err != nil {
		return transport.Settled{}, notSent(err)
	}
	name := ""
	if x != nil {
		name = x.declared.Name
	}
	sent, err := newParcel(p.Message, name, p.Key, replyTo)
	if err != nil {
		return transport.Settled{}, notSent(&transport.PermanentError{Err: err})
	}
	return transport.Settled{Outcome: c.broker.publish(sent, x, p)}, nil
}

// mayPublish waits while the broker blocks publishers, and brings p up to date
// then.
func (c *conn) mayPublish(ctx context.Context, p *transport.Publication) error {
	for waited := false; ; waited = true {
		if c.isClosed() {
			return errClosed
		}
		if ctx.Err() != nil {
			return notSent(context.Cause(ctx))
		}
		g := c.broker.gate.Load()
		if g == nil {
			if waited && p.Timed != nil {
				p.Timed.Refresh(p.Message)
			}
			return nil
		}
		select {
		case <-g.open:
		case <-c.done:
		case <-ctx.Done():
			return fmt.Errorf("memory: %w: %w", transport.ErrBlocked, context.Cause(ctx))
		}
	}
}

// exchangeOf returns nil for the default exchange.
func (b *Broker) exchangeOf(p *transport.Publication) (*exchange, error) {
	if p.Exchange == nil || p.Exchange.Name == "" {
		return nil, nil
	}
	x, err := b.declareExchange(*p.Exchange)
	if err != nil {
		return nil, err
	}
	if x.declared.Internal {
		return nil, permanent("exchange %q: wanted to publish to it, got an internal one (ACCESS_REFUSED)", x.declared.Name)
	}
	return x, nil
}

// publish routes s and returns its outcome, nil when it is stored.
func (b *Broker) publish(s *parcel, x *exchange, p *transport.Publication) error {
	if b.refuses() {
		return outcomeError(s, transport.ErrRefused)
	}
	l := &s.letter
	if x == nil && len(l.copies) == 0 && isReplyAddress(p.Key) {
		if found, ok := b.inboxes.find(p.Key); ok && found.push(l) {
			return nil
		}
		// Direct reply-to drops replies without notice.
		if p.Reply && strings.HasPrefix(p.Key, directPrefix) {
			return nil
		}
	}
	var room [4]*queue
	found := b.route(room[:0], x, l)
	routed, full := false, false
	for i, q := range found {
		e := &s.first
		if i > 0 {
			e = new(entry)
		}
		switch q.push(l, e) {
		case taken:
			routed = true
		case refused:
			full = true
		case gone:
		}
	}
	switch {
	case full:
		return outcomeError(s, transport.ErrRefused)
	case !routed && p.Mandatory:
		return outcomeError(s, transport.ErrNoRoute)
	}
	return nil
}

func outcomeError(s *parcel, why error) error {
	m := &s.letter.message
	return fmt.Errorf("memory: publish to exchange %q, routing key %q: %w", m.Exchange, m.Address, why)
}

// route adds the queues for l to found, each once.
func (b *Broker) route(found []*queue, x *exchange, l *letter) []*queue {
	found = b.routeKey(found, x, l.message.Address, l.headers)
	for _, key := range l.copies {
		found = b.routeKey(found, x, key, l.headers)
	}
	return found
}

func (b *Broker) routeKey(found []*queue, x *exchange, key string, headers fields) []*queue {
	if x != nil {
		return x.route(found, key, headers)
	}
	if q, ok := b.queues.find(key); ok {
		return with(found, q)
	}
	return found
}
