package contender

import (
	"context"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/transport/memory"
)

// inMemory is a client and its server in one app on the memory transport.
type inMemory struct{ memoryOnly }

func (inMemory) Dial(ctx context.Context, _ peer.Job) (peer.Caller, error) {
	const address = "orders.place"
	app := newApp(memory.New())
	app.Subscriber(address, place)
	return caller(ctx, app, address)
}
