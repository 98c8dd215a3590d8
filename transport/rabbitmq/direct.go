package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

const (
	directPrefix = directReplyTo + "."
	// refuseFor is how long an address that ended sessions is refused.
	refuseFor = time.Minute
	// maxSuspects bounds the remembered addresses.
	maxSuspects = 4096
)

// ClassifyReply judges a reply address by its form.
func (c *Conn) ClassifyReply(address string) transport.ReplyClass { return classify(address) }

func classify(address string) transport.ReplyClass {
	switch {
	case address == "" || len(address) > maxShort:
		return transport.ReplyForbidden
	case strings.HasPrefix(address, directPrefix) || strings.HasPrefix(address, "amq.gen-"):
		return transport.ReplyWaiting
	case strings.HasPrefix(address, "amq.") || topology.IsErrorQueue(address):
		return transport.ReplyForbidden
	case strings.Contains(address, "|"):
		// Some peers name an exchange after the bar. None is ever taken from a
		// message.
		return transport.ReplyForbidden
	default:
		return transport.ReplyNamed
	}
}

// directReplier publishes to direct reply addresses on a connection of its
// own: RabbitMQ 3.10 ends the connection that publishes to an address of an
// unknown node (541 INTERNAL_ERROR). It remembers which addresses were in
// flight when that happened and refuses, for a while, those that do it again.
type directReplier struct {
	mu       sync.Mutex
	inFlight map[*confirmation]struct{}
	suspects map[string]suspect
	failures int
}

type suspect struct {
	strikes int
	until   time.Time
}

// publishDirect sends a reply to a direct address. Mandatory is dropped: the
// broker returns such messages although it delivered them.
func (c *Conn) publishDirect(ctx context.Context, o *outgoing) (transport.Confirmation, error) {
	if c.direct.refused(o.key) {
		return transport.Settled{Outcome: fmt.Errorf("rabbitmq: publish to %q: %w: the address has ended connections to the broker; hint: the client's node is gone", o.key, transport.ErrNoRoute)}, nil
	}
	l, err := c.directLink()
	if err != nil {
		return nil, c.unsent(ctx, o, err)
	}
	o.mandatory = false
	conf := &directConfirmation{replier: &c.direct}
	if err := c.send(ctx, l, laneMessages, o, &conf.confirmation); err != nil {
		return nil, err
	}
	c.direct.track(&conf.confirmation)
	return conf, nil
}

// directLink starts the connection for direct replies at its first use.
func (c *Conn) directLink() (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, transport.ErrClosed
	}
	if c.replier == nil {
		l := newLink(c, roleReplies)
		l.lost = c.direct.ended
		// Its sessions end by what others ask for: come back soon.
		l.longest = c.cfg.backoffMin
		c.replier = l
		c.work.Go(func() { l.run(nil) })
	}
	return c.replier, nil
}

// directConfirmation clears its address when the broker confirmed.
type directConfirmation struct {
	confirmation
	replier *directReplier
}

func (d *directConfirmation) Err() error {
	err := d.confirmation.Err()
	d.replier.settle(&d.confirmation, err)
	return err
}

func (r *directReplier) track(conf *confirmation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inFlight == nil {
		r.inFlight, r.suspects = map[*confirmation]struct{}{}, map[string]suspect{}
	}
	if len(r.inFlight) >= maxSuspects {
		r.forget()
	}
	r.inFlight[conf] = struct{}{}
}

// forget drops publications whose outcome is known and whose callers never asked.
func (r *directReplier) forget() {
	for conf := range r.inFlight {
		select {
		case <-conf.Done():
			delete(r.inFlight, conf)
		default:
		}
	}
}

func (r *directReplier) settle(conf *confirmation, err error) {
	if errors.Is(err, transport.ErrOutcomeUnknown) {
		return // ended looks at it
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.inFlight, conf)
	delete(r.suspects, conf.key.key)
}

// ended looks for who may have ended the session: those in flight and not
// confirmed. Only one of them is guilty, so an address is refused when it was
// alone, or at its second strike.
func (r *directReplier) ended(s *session) {
	reason := s.closed.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	doubtful := map[string]struct{}{}
	for conf := range r.inFlight {
		if conf.lane.session != s {
			continue
		}
		delete(r.inFlight, conf)
		if !conf.deferred.Acked() {
			doubtful[conf.key.key] = struct{}{}
		}
	}
	if reason == nil || reason.Code != amqp.InternalError {
		return
	}
	r.failures++
	s.log.Warn("parley: a direct reply address ended the connection for replies", "in_flight", len(doubtful), "failures", r.failures)
	strike := 1
	if len(doubtful) == 1 {
		strike = 2
	}
	for address := range doubtful {
		r.strike(address, strike)
	}
}

func (r *directReplier) strike(address string, by int) {
	now := time.Now()
	if len(r.suspects) >= maxSuspects {
		for a, s := range r.suspects {
			if now.After(s.until) {
				delete(r.suspects, a)
			}
		}
	}
	if len(r.suspects) < maxSuspects {
		r.suspects[address] = suspect{strikes: r.suspects[address].strikes + by, until: now.Add(refuseFor)}
	}
}

func (r *directReplier) refused(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.suspects[address]
	if !ok {
		return false
	}
	if time.Now().After(s.until) {
		delete(r.suspects, address)
		return false
	}
	return s.strikes >= 2
}
