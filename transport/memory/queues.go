package memory

import (
	"context"
	"fmt"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

var _ transport.QueueDeclarer = (*conn)(nil)

// DeclareQueue makes a queue unless it exists alike: see
// [transport.QueueDeclarer].
func (c *conn) DeclareQueue(ctx context.Context, q topology.QueueDeclaration) error {
	if err := c.usable(ctx, q.Name); err != nil {
		return err
	}
	if q.Name == "" {
		return permanent("declare a queue: wanted a name, got none")
	}
	if err := c.endpoint.CheckTopology(topology.Subscription{Queue: q}); err != nil {
		return &transport.PermanentError{Err: err}
	}
	_, err := c.broker.declareQueue(q, c)
	return err
}

// usable returns why nothing may be asked about a queue.
func (c *conn) usable(ctx context.Context, queue string) error {
	switch {
	case c.isClosed():
		return errClosed
	case ctx.Err() != nil:
		return fmt.Errorf("memory: queue %q: %w", queue, context.Cause(ctx))
	default:
		return nil
	}
}
