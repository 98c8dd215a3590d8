package memory_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

// named gives each connection a reply queue of its own name.
type named struct {
	*memory.Broker
	n *atomic.Int64
}

func newNamed(b *memory.Broker) transport.Transport { return named{b, new(atomic.Int64)} }

func (n named) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	name := fmt.Sprint("replies-", n.n.Add(1))
	return n.With(memory.ReplyQueue(name)).Connect(ctx, s)
}
