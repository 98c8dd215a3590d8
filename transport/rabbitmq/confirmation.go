package rabbitmq

import (
	"fmt"

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
		return fmt.Errorf("rabbitmq: publish to %s: %w: the connection was lost before the broker confirmed", c.key, transport.ErrOutcomeUnknown)
	}
	return fmt.Errorf("rabbitmq: publish to %s: %w; hint: the queue is full, try later", c.key, transport.ErrRefused)
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
