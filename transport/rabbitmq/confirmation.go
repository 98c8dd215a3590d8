package rabbitmq

import (
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// confirmation is the outcome of a publication, backed by the client library's
// own: no goroutine stands between the broker's confirm and Done.
type confirmation struct {
	deferred  *amqp.DeferredConfirmation
	lane      *lane
	key       returnKey
	mandatory bool
	// size is that of the body.
	size int

	resolved bool
	err      error
}

func (c *confirmation) Done() <-chan struct{} { return c.deferred.Done() }

func (c *confirmation) Err() error {
	if !c.resolved {
		c.err = c.outcome()
		c.resolved = true
	}
	return c.err
}

func (c *confirmation) outcome() error {
	if c.deferred.Acked() {
		return c.routed()
	}
	// The client library resolves what is pending as not acknowledged when a
	// channel closes, and marks the channel closed before it does.
	if c.lane.ch.IsClosed() {
		return c.unknown(c.lane.returns.why())
	}
	return fmt.Errorf("rabbitmq: publish to %s: %w; hint: the queue is full, try later", c.key, transport.ErrRefused)
}

// unknown is the outcome of a publication whose channel was closed for a reason,
// which may be nil.
func (c *confirmation) unknown(reason *amqp.Error) error {
	switch {
	case reason == nil || !reason.Server || c.lane.session.conn.IsClosed():
		return fmt.Errorf("rabbitmq: publish to %s: %w: the connection was lost before the broker confirmed", c.key, transport.ErrOutcomeUnknown)
	case c.key.refused(reason):
		return fmt.Errorf("rabbitmq: publish to %s: %w: wanted permission, got %w; hint: rabbitmqctl set_permissions, and nobody may publish to an internal exchange",
			c.key, transport.ErrOutcomeUnknown, &transport.PermanentError{Err: reason})
	case c.tooLarge(reason):
		return fmt.Errorf("rabbitmq: publish to %s: %w: wanted a body within the broker's limit, got %w; hint: send less, or raise max_message_size",
			c.key, transport.ErrOutcomeUnknown, &transport.PermanentError{Err: reason})
	default:
		return fmt.Errorf("rabbitmq: publish to %s: %w: the broker closed the channel before it confirmed: %w", c.key, transport.ErrOutcomeUnknown, reason)
	}
}

// tooLarge reports whether the broker closed the channel because of a body of
// this size, whichever message had it.
//
// Source: max_message_size in https://www.rabbitmq.com/docs/configure
func (c *confirmation) tooLarge(reason *amqp.Error) bool {
	return reason.Code == amqp.PreconditionFailed && strings.Contains(reason.Reason, fmt.Sprintf("message size %d ", c.size))
}

// refused reports whether the broker closed the channel because it lets nobody,
// or not this account, publish where k says. That may have begun after it took
// the message, but another attempt comes to the same end.
func (k returnKey) refused(reason *amqp.Error) bool {
	exchange := k.exchange
	if exchange == "" {
		exchange = "amq.default"
	}
	return reason.Code == amqp.AccessRefused && strings.Contains(reason.Reason, "exchange '"+exchange+"' in vhost") &&
		(!strings.Contains(reason.Reason, "topic '") || strings.Contains(reason.Reason, "topic '"+k.key+"'"))
}

// routed looks for a return: the confirm of an unroutable message is an ack.
func (c *confirmation) routed() error {
	if !c.mandatory {
		return nil
	}
	if _, ok := c.lane.returns.take(c.key); !ok {
		return nil
	}
	return fmt.Errorf("rabbitmq: publish to %s: %w", c.key, transport.ErrNoRoute)
}

// String names the destination.
func (k returnKey) String() string {
	if k.exchange == "" {
		return fmt.Sprintf("queue %q", k.key)
	}
	return fmt.Sprintf("exchange %q with key %q", k.exchange, k.key)
}

// pending is the outcome of a request's publication.
type pending struct {
	confirmation
	lost <-chan struct{}
}

func (p *pending) Lost() <-chan struct{} { return p.lost }
