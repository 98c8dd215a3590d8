package main

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestMain(m *testing.M) { rabbittest.Main(m) }

// slow reads a million items at a high rate and leaves soon.
func slow(t *testing.T, broker transport.Transport) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, broker, settings{items: 1_000_000, size: 1 << 10, rate: 2000, atMost: 3 * time.Second}))
	var most int
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	_, err := fmt.Sscanf(string(lines[len(lines)-1]), "done: the handler was never more than %d items", &most)
	require.NoError(t, err, out.String())
	require.LessOrEqual(t, most, 258, "a window, and one in each hand")
}

func TestOnMemory(t *testing.T) {
	t.Parallel()
	slow(t, memory.New())
}

func TestOnRabbitMQ(t *testing.T) {
	t.Parallel()
	slow(t, rabbitmq.New(rabbittest.URL(t)))
}
