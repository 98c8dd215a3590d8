package parleytest

import (
	"context"
	"errors"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

var (
	_ transport.ReplyClassifier = (*conn)(nil)
	_ transport.DurableReplies  = (*conn)(nil)
	_ transport.Inboxes         = (*conn)(nil)
	_ transport.Inboxes         = (*namedConn)(nil)
	_ transport.QueueDeclarer   = (*conn)(nil)
	_ transport.QueueInspector  = (*conn)(nil)
)

// errCannot is the answer where the transport below lacks an ability.
var errCannot = &transport.PermanentError{Err: errors.New("parleytest: the transport of the test cannot do this")}

// ClassifyReply asks the connection below.
func (c *conn) ClassifyReply(address string) transport.ReplyClass {
	if k, ok := c.Conn.(transport.ReplyClassifier); ok {
		return k.ClassifyReply(address)
	}
	return transport.ReplyNamed
}

// DurableReplies asks the connection below.
func (c *conn) DurableReplies() bool {
	d, ok := c.Conn.(transport.DurableReplies)
	return ok && d.DurableReplies()
}

// Inbox asks the connection below.
func (c *conn) Inbox(ctx context.Context) (transport.Inbox, error) {
	if i, ok := c.Conn.(transport.Inboxes); ok {
		return i.Inbox(ctx)
	}
	return transport.Inbox{}, errCannot
}

// DeclareQueue declares with the connection below.
func (c *conn) DeclareQueue(ctx context.Context, q topology.QueueDeclaration) error {
	if d, ok := c.Conn.(transport.QueueDeclarer); ok {
		return d.DeclareQueue(ctx, q)
	}
	return errCannot
}

// Depth asks the connection below.
func (c *conn) Depth(ctx context.Context, queue string) (int, error) {
	if i, ok := c.Conn.(transport.QueueInspector); ok {
		return i.Depth(ctx, queue)
	}
	return 0, errCannot
}

// Purge empties a queue with the connection below.
func (c *conn) Purge(ctx context.Context, queue string) (int, error) {
	if i, ok := c.Conn.(transport.QueueInspector); ok {
		return i.Purge(ctx, queue)
	}
	return 0, errCannot
}

// Scan looks through a queue with the connection below.
func (c *conn) Scan(ctx context.Context, queue string, visit func(m *transport.Message) (transport.Verdict, bool)) error {
	i, ok := c.Conn.(transport.QueueInspector)
	if !ok {
		return errCannot
	}
	return i.Scan(ctx, queue, func(m *transport.Message) (transport.Verdict, bool) {
		untrack(m)
		return visit(m)
	})
}

// ScanAhead is Scan with verdicts that come later.
func (c *conn) ScanAhead(ctx context.Context, queue string, ahead int, visit func(m *transport.Message) (func() transport.Verdict, bool)) error {
	i, ok := c.Conn.(transport.QueueInspector)
	if !ok {
		return errCannot
	}
	return i.ScanAhead(ctx, queue, ahead, func(m *transport.Message) (func() transport.Verdict, bool) {
		untrack(m)
		return visit(m)
	})
}
