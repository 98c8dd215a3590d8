package parleytest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// named is a transport that puts a prefix before every name on the wire and
// takes it off on the way in, so that tests share a broker without meeting.
type named struct {
	transport.Transport
	names *names
}

// names are those of one world.
type names struct {
	prefix string

	mu sync.Mutex
	// queues and exchanges were declared, with their prefix.
	queues, exchanges map[string]struct{}
	// foreign are reply addresses that came without the prefix.
	foreign map[string]struct{}
}

func newNames(prefix string) *names {
	return &names{prefix: prefix, queues: map[string]struct{}{}, exchanges: map[string]struct{}{}, foreign: map[string]struct{}{}}
}

// out returns a queue's name on the wire. The broker's own names stay.
func (n *names) out(queue string) string {
	if queue == "" || strings.HasPrefix(queue, "amq.") {
		return queue
	}
	return n.prefix + queue
}

// in takes the prefix off.
func (n *names) in(name string) string { return strings.TrimPrefix(name, n.prefix) }

// replyOut is out for a reply address, which may be that of a stranger.
func (n *names) replyOut(address string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.foreign[address]; ok {
		return address
	}
	return n.out(address)
}

func (n *names) replyIn(address string) string {
	own, ok := strings.CutPrefix(address, n.prefix)
	if !ok && address != "" {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.foreign[address] = struct{}{}
	}
	return own
}

// exchange returns x as it is declared on the wire. Those of the broker's own
// become ordinary ones.
func (n *names) exchange(x *topology.Exchange) *topology.Exchange {
	if x == nil || x.Name == "" {
		return x
	}
	own := *x
	own.Name = n.prefix + x.Name
	own.Arguments = maps.Clone(x.Arguments)
	if next, ok := own.Arguments["alternate-exchange"].(string); ok {
		own.Arguments["alternate-exchange"] = n.prefix + next
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.exchanges[own.Name] = struct{}{}
	return &own
}

// queue returns q as it is declared on the wire.
func (n *names) queue(q topology.QueueDeclaration) topology.QueueDeclaration {
	q.Name = n.note(q.Name)
	q.Arguments = maps.Clone(q.Arguments)
	x, dead := q.Arguments[topology.ArgDeadLetterExchange].(string)
	if !dead {
		return q
	}
	if x != "" {
		q.Arguments[topology.ArgDeadLetterExchange] = n.prefix + x
		return q
	}
	if key, ok := q.Arguments[topology.ArgDeadLetterRoutingKey].(string); ok {
		q.Arguments[topology.ArgDeadLetterRoutingKey] = n.out(key)
	}
	return q
}

// note remembers a queue that is declared.
func (n *names) note(queue string) string {
	wire := n.out(queue)
	if wire != "" {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.queues[wire] = struct{}{}
	}
	return wire
}

// Connect connects with the transport below.
func (t *named) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	wire := make([]topology.Exchange, len(s.Exchanges))
	for i := range s.Exchanges {
		wire[i] = *t.names.exchange(&s.Exchanges[i])
	}
	s.Exchanges = wire
	onReply := s.OnReply
	s.OnReply = func(m *transport.Message) {
		t.names.received(m)
		onReply(m)
	}
	inner, err := t.Transport.Connect(ctx, s)
	if err != nil {
		return nil, err
	}
	return &namedConn{inner, t.names}, nil
}

// CheckTopology asks the transport below.
func (t *named) CheckTopology(s topology.Subscription) error {
	if c, ok := t.Transport.(transport.TopologyChecker); ok {
		return c.CheckTopology(t.names.subscription(s))
	}
	return nil
}

func (n *names) subscription(s topology.Subscription) topology.Subscription {
	s.Exchange = n.exchange(s.Exchange)
	s.Queue = n.queue(s.Queue)
	s.ErrorQueue = n.note(s.ErrorQueue)
	return s
}

// tidy deletes everything that was declared.
func (n *names) tidy(ctx context.Context, r transport.Remover) error {
	n.mu.Lock()
	queues, exchanges := slices.Collect(maps.Keys(n.queues)), slices.Collect(maps.Keys(n.exchanges))
	n.mu.Unlock()
	for _, queue := range queues {
		if err := r.RemoveQueue(ctx, queue); err != nil {
			return err
		}
	}
	for _, exchange := range exchanges {
		if err := r.RemoveExchange(ctx, exchange); err != nil {
			return err
		}
	}
	return nil
}
