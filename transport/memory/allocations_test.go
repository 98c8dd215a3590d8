package memory_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// What a message costs is fixed: the message and its body.
func TestAllocationsOfPublish(t *testing.T) {
	w := newWorld(t)
	w.declare("q", topology.MaxLength(1))
	p := &transport.Publication{Message: &transport.Message{Body: body}, Key: "q", Mandatory: true}
	ctx := context.Background()
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if _, err := w.Publish(ctx, p); err != nil {
			t.Fatal(err)
		}
	}), 2.0)
}
