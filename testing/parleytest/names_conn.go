package parleytest

import (
	"context"
	"strings"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// namedConn is a connection on which names have a prefix.
type namedConn struct {
	transport.Conn
	names *names
}

// Subscribe consumes from the queue of that name with the prefix.
func (c *namedConn) Subscribe(ctx context.Context, s transport.Subscription) (transport.Consumer, error) {
	s.Topology = c.names.subscription(s.Topology)
	handle := s.Handle
	s.Handle = func(ctx context.Context, m *transport.Message) transport.Verdict {
		c.names.received(m)
		return handle(ctx, m)
	}
	if told := s.OnStatus; told != nil {
		s.OnStatus = func(from transport.State, now transport.Status) {
			now.Queue = c.names.in(now.Queue)
			told(from, now)
		}
	}
	return c.Conn.Subscribe(ctx, s)
}

// Publish publishes to the name with the prefix.
func (c *namedConn) Publish(ctx context.Context, p *transport.Publication) (transport.Confirmation, error) {
	return c.Conn.Publish(ctx, c.names.publication(p))
}

// Request is Publish with a reply address.
func (c *namedConn) Request(ctx context.Context, p *transport.Publication) (transport.Pending, error) {
	return c.Conn.Request(ctx, c.names.publication(p))
}

func (n *names) publication(p *transport.Publication) *transport.Publication {
	wire := *p
	wire.Exchange = n.exchange(p.Exchange)
	switch {
	case p.Reply:
		wire.Key = n.replyOut(p.Key)
	case p.Exchange == nil || p.Exchange.Name == "":
		wire.Key = n.out(p.Key)
	}
	wire.Message = p.Message.Clone()
	wire.Message.ReplyTo = n.replyOut(p.Message.ReplyTo)
	if wire.Exchange == nil {
		for _, name := range []string{"CC", "BCC"} {
			if keys, ok := wire.Message.Headers[name]; ok {
				wire.Message.Headers[name] = n.keysOut(keys)
			}
		}
	}
	return &wire
}

// keysOut puts the prefix before the further routing keys of a message.
func (n *names) keysOut(keys any) any {
	switch keys := keys.(type) {
	case []string:
		out := make([]string, len(keys))
		for i, k := range keys {
			out[i] = n.out(k)
		}
		return out
	case []any:
		out := make([]any, len(keys))
		for i, k := range keys {
			if s, ok := k.(string); ok {
				k = n.out(s)
			}
			out[i] = k
		}
		return out
	default:
		return keys
	}
}

// received takes the prefix off everything in m that names a queue or exchange.
func (n *names) received(m *transport.Message) {
	m.Exchange = n.in(m.Exchange)
	m.ReplyTo = n.replyIn(m.ReplyTo)
	m.Address = n.in(m.Address)
	for name, v := range m.Headers {
		switch {
		case name == "x-death" || name == "CC":
			m.Headers[name] = n.stripped(v)
		case strings.HasPrefix(name, "x-first-death-") || strings.HasPrefix(name, "x-last-death-"):
			m.Headers[name] = n.stripped(v)
		}
	}
}

// stripped takes the prefix off every text in v.
func (n *names) stripped(v any) any {
	switch v := v.(type) {
	case string:
		return n.in(v)
	case []any:
		for i := range v {
			v[i] = n.stripped(v[i])
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = n.stripped(v[k])
		}
		return v
	default:
		return v
	}
}

// ClassifyReply asks the connection below.
func (c *namedConn) ClassifyReply(address string) transport.ReplyClass {
	if k, ok := c.Conn.(transport.ReplyClassifier); ok {
		return k.ClassifyReply(address)
	}
	return transport.ReplyNamed
}

// DurableReplies asks the connection below.
func (c *namedConn) DurableReplies() bool {
	d, ok := c.Conn.(transport.DurableReplies)
	return ok && d.DurableReplies()
}

// Inbox asks the connection below. The broker chooses its name.
func (c *namedConn) Inbox(ctx context.Context) (transport.Inbox, error) {
	if i, ok := c.Conn.(transport.Inboxes); ok {
		return i.Inbox(ctx)
	}
	return transport.Inbox{}, errCannot
}

// DeclareQueue declares the name with the prefix.
func (c *namedConn) DeclareQueue(ctx context.Context, q topology.QueueDeclaration) error {
	if d, ok := c.Conn.(transport.QueueDeclarer); ok {
		return d.DeclareQueue(ctx, c.names.queue(q))
	}
	return errCannot
}

// Depth asks for the name with the prefix.
func (c *namedConn) Depth(ctx context.Context, queue string) (int, error) {
	if i, ok := c.Conn.(transport.QueueInspector); ok {
		return i.Depth(ctx, c.names.out(queue))
	}
	return 0, errCannot
}

// Purge empties the name with the prefix.
func (c *namedConn) Purge(ctx context.Context, queue string) (int, error) {
	if i, ok := c.Conn.(transport.QueueInspector); ok {
		return i.Purge(ctx, c.names.out(queue))
	}
	return 0, errCannot
}

// Scan looks through the name with the prefix.
func (c *namedConn) Scan(ctx context.Context, queue string, visit func(m *transport.Message) (transport.Verdict, bool)) error {
	i, ok := c.Conn.(transport.QueueInspector)
	if !ok {
		return errCannot
	}
	return i.Scan(ctx, c.names.out(queue), func(m *transport.Message) (transport.Verdict, bool) {
		c.names.received(m)
		return visit(m)
	})
}

// ScanAhead is Scan with verdicts that come later.
func (c *namedConn) ScanAhead(ctx context.Context, queue string, ahead int, visit func(m *transport.Message) (func() transport.Verdict, bool)) error {
	i, ok := c.Conn.(transport.QueueInspector)
	if !ok {
		return errCannot
	}
	return i.ScanAhead(ctx, c.names.out(queue), ahead, func(m *transport.Message) (func() transport.Verdict, bool) {
		c.names.received(m)
		return visit(m)
	})
}
