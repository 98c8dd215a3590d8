package memory

import (
	"context"
	"fmt"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

var (
	_ transport.QueueDeclarer  = (*conn)(nil)
	_ transport.QueueInspector = (*conn)(nil)
)

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

// Depth counts the ready messages of a queue: see [transport.QueueInspector].
func (c *conn) Depth(ctx context.Context, name string) (n int, err error) {
	err = c.inspect(ctx, name, func(q *queue) { n = q.ready.n })
	return n, err
}

// Purge removes the ready messages of a queue: see [transport.QueueInspector].
func (c *conn) Purge(ctx context.Context, name string) (n int, err error) {
	err = c.inspect(ctx, name, func(q *queue) {
		n = q.ready.n
		q.ready = newBacklog(q.limits.maxPriority)
	})
	return n, err
}

// inspect looks at a queue that must exist and be open to the connection.
func (c *conn) inspect(ctx context.Context, name string, f func(*queue)) error {
	if _, err := c.existing(ctx, name); err != nil {
		return err
	}
	c.broker.look(name, f)
	return nil
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
