package topology_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport/topology"
)

// A wait queue hands its messages over at least once. RabbitMQ does that for
// quorum queues which refuse what they cannot hold, and for no others.
func TestWaitQueueLosesNothing(t *testing.T) {
	t.Parallel()
	q := topology.WaitQueue("work", 1500*time.Millisecond)
	require.Equal(t, "work.wait.1500", q.Name)
	require.True(t, q.Durable)
	require.Equal(t, topology.TypeQuorum, q.Type())
	require.Equal(t, "at-least-once", q.Arguments["x-dead-letter-strategy"])
	require.Equal(t, "reject-publish", q.Arguments["x-overflow"])
	require.Equal(t, "work", q.Arguments["x-dead-letter-routing-key"])
	require.EqualValues(t, 1500, q.Arguments["x-message-ttl"])
}
