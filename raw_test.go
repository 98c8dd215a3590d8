package parley_test

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// rawSubscription consumes a queue below parley.
func rawSubscription(w *world, queue string, handle func(*parley.Message) transport.Verdict, values ...topology.Value) transport.Subscription {
	w.Helper()
	address, err := topology.ParseTemplate(queue)
	require.NoError(w, err)
	sub, err := topology.Resolve("", address, append(values, topology.ErrorQueueReader())...)
	require.NoError(w, err)
	return transport.Subscription{
		Topology: sub, Prefetch: 10, Workers: 1,
		Handle: func(_ context.Context, m *parley.Message) transport.Verdict { return handle(m) },
	}
}
