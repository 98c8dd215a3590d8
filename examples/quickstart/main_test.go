package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestMain(m *testing.M) { rabbittest.Main(m) }

const want = `1. the return value is the answer                        → pong!
2. a request waits 30 s by default                       → pong!
3. or 3 s                                                → pong!
4. or as long as it takes                                → pong!
5. time runs out                                         → timeout
   quietly: no error, no value                           → <nil>
6. nobody waits: the answer goes to another subscriber   → pong!
   ask now, take the answer later                        → pong!
`

func quickstart(t *testing.T, tr transport.Transport) {
	t.Helper()
	app := newApp(tr)
	asyncapi.Watch(t, app)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, app))
	require.Equal(t, want, out.String())
}

func TestOnMemory(t *testing.T) {
	t.Parallel()
	quickstart(t, memory.New())
}

func TestOnRabbitMQ(t *testing.T) {
	t.Parallel()
	quickstart(t, rabbitmq.New(rabbittest.URL(t)))
}
