package rabbitnode_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbitnode"
)

func TestNode(t *testing.T) {
	if err := rabbitnode.Available(); err != nil {
		t.Skip(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n, err := rabbitnode.Start(ctx, rabbitnode.Options{})
	require.NoError(t, err)
	pid := n.PID()
	require.NoError(t, syscall.Kill(pid, 0))
	out, err := n.Ctl(ctx, "list_queues", "--quiet", "name")
	require.NoError(t, err, out)
	_, err = n.Ctl(ctx, "no_such_command")
	require.ErrorContains(t, err, "no_such_command")

	conn, err := amqp.Dial(n.URL())
	require.NoError(t, err)
	ch, err := conn.Channel()
	require.NoError(t, err)
	_, err = ch.QueueDeclare("kept", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, n.Flush(ctx))

	require.NoError(t, n.Kill())
	require.Zero(t, n.PID())
	_, err = amqp.Dial(n.URL())
	require.Error(t, err)
	require.NoError(t, n.Restart(ctx))
	conn, err = amqp.Dial(n.URL())
	require.NoError(t, err)
	ch, err = conn.Channel()
	require.NoError(t, err)
	_, err = ch.QueueDeclarePassive("kept", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, conn.Close())

	require.NoError(t, n.Stop())
	require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "parley-rabbit-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAvailableSaysWhatToInstall(t *testing.T) {
	t.Setenv(rabbitnode.BinEnv, t.TempDir())
	require.ErrorContains(t, rabbitnode.Available(), "apt-get install rabbitmq-server")
	_, err := rabbitnode.Start(t.Context(), rabbitnode.Options{})
	require.ErrorContains(t, err, "no rabbitmq-server in")
}
