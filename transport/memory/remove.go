package memory

import (
	"context"

	"github.com/parley-go/parley/transport"
)

var _ transport.Remover = (*conn)(nil)

// RemoveQueue deletes a queue: see [transport.Remover].
func (c *conn) RemoveQueue(ctx context.Context, name string) error {
	if err := c.usable(ctx, name); err != nil {
		return err
	}
	c.broker.Delete(name)
	return nil
}

// RemoveExchange deletes an exchange: see [transport.Remover].
func (c *conn) RemoveExchange(ctx context.Context, name string) error {
	if err := c.usable(ctx, name); err != nil {
		return err
	}
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	c.broker.exchanges.remove(name)
	return nil
}
