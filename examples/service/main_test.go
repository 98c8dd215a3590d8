package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/internal/rabbitnode"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestMain(m *testing.M) { rabbittest.Main(m) }

const patience = 90 * time.Second

var order = Order{ID: "o1", Items: []Item{{SKU: "a", Qty: 2, Price: 1.5}}}

func TestPlaceOrder(t *testing.T) {
	t.Parallel()
	app := NewApp(memory.New())
	asyncapi.Watch(t, app)
	place := app.Publisher("orders.place")
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.Background())) }()
	r, err := parley.Request[Receipt](t.Context(), place, order)
	require.NoError(t, err)
	require.Equal(t, Receipt{OrderID: "o1", Total: 3}, r)
	_, err = place.Request(t.Context(), Order{ID: "o2"})
	require.Equal(t, parley.CodeInvalidArgument, parley.CodeOf(err))
}

// A broker that is killed under the service and comes back finds it serving
// again; requests made meanwhile end by their deadlines.
func TestOutlivesItsBroker(t *testing.T) {
	t.Parallel()
	node := rabbittest.Node(t, rabbitnode.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	service := start(t, node.URL())
	client := parley.New(rabbitmq.New(node.URL()))
	place := client.Publisher("orders.place")
	require.NoError(t, client.Start(ctx))
	defer func() { require.NoError(t, client.Stop(context.WithoutCancel(ctx))) }()
	answers := func() bool {
		_, err := parley.Request[Receipt](ctx, place, order, parley.Timeout(time.Second))
		return err == nil
	}
	require.Eventually(t, answers, patience, 50*time.Millisecond, "serves")

	require.NoError(t, node.Kill())
	for range 3 {
		begin := time.Now()
		_, err := parley.Request[Receipt](ctx, place, order, parley.Timeout(300*time.Millisecond))
		require.Error(t, err)
		require.Less(t, time.Since(begin), patience/3, "ended by its deadline")
	}
	require.NoError(t, node.Restart(ctx))
	require.Eventually(t, answers, patience, 50*time.Millisecond, "serves again by itself")

	require.NoError(t, service.Process.Signal(syscall.SIGTERM))
	require.NoError(t, service.Wait(), "ends in order")
}

// start runs the service as its own process.
func start(t *testing.T, url string) *exec.Cmd {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "service")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Stderr = os.Stderr
	require.NoError(t, build.Run())
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "PARLEY_URL="+url)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}
