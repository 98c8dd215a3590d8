package rabbitnode_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbitnode"
)

// declare makes a quorum queue and returns nil once a message in it is
// confirmed.
func declare(ctx context.Context, url, queue string) error {
	conn, err := amqp.Dial(url)
	if err != nil {
		return err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	if _, err := ch.QueueDeclare(queue, true, false, false, false, amqp.Table{"x-queue-type": "quorum"}); err != nil {
		return err
	}
	if err := ch.Confirm(false); err != nil {
		return err
	}
	confirmed, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", queue, true, false, amqp.Publishing{Body: []byte("x")})
	if err != nil {
		return err
	}
	ok, err := confirmed.WaitContext(ctx)
	if err == nil && !ok {
		err = os.ErrInvalid
	}
	return err
}

// eventually waits for a state of the cluster, as long as ctx lives.
func eventually(ctx context.Context, t *testing.T, what string, check func() bool) {
	t.Helper()
	for !check() {
		select {
		case <-ctx.Done():
			t.Fatal("never happened: " + what)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func TestCluster(t *testing.T) {
	if err := rabbitnode.Available(); err != nil {
		t.Skip(err)
	}
	if testing.Short() || os.Getenv("PARLEY_TEST_BROKER") == "off" {
		t.Skip("starts three brokers")
	}
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	c, err := rabbitnode.StartCluster(ctx, rabbitnode.Options{})
	require.NoError(t, err)
	require.Len(t, c.URLs(), 3)
	var pids []int
	for _, n := range c.Nodes() {
		pids = append(pids, n.PID())
	}

	require.NoError(t, declare(ctx, c.URLs()[1], "q"))
	leader, err := c.Leader(ctx, "q", c.Nodes()[0])
	require.NoError(t, err)
	_, err = c.Leader(ctx, "none", leader)
	require.ErrorContains(t, err, `"none"`)
	other := c.Other(leader)

	conn, err := amqp.Dial(c.URLs()[2])
	require.NoError(t, err)
	defer conn.Close()
	ch, err := conn.Channel()
	require.NoError(t, err)
	_, err = ch.QueueDeclare("classic", true, false, false, false, nil)
	require.NoError(t, err)
	home, err := c.Leader(ctx, "classic", leader)
	require.NoError(t, err)
	require.Equal(t, c.Nodes()[2].Name(), home.Name())

	t.Log("the queue outlives its leader")
	require.NoError(t, leader.Kill())
	eventually(ctx, t, "a new leader", func() bool {
		now, err := c.Leader(ctx, "q", other)
		return err == nil && now != leader
	})
	eventually(ctx, t, "a confirm without the leader", func() bool { return declare(ctx, other.URL(), "q") == nil })
	require.NoError(t, leader.Restart(ctx))
	require.NoError(t, declare(ctx, leader.URL(), "q"))

	t.Log("a partitioned node pauses, the others go on")
	require.NoError(t, c.Partition(ctx, leader))
	eventually(ctx, t, "two nodes without the third", func() bool {
		out, _ := other.Ctl(ctx, "eval", "length(rabbit_nodes:all_running()).")
		return strings.TrimSpace(out) == "2"
	})
	eventually(ctx, t, "the third pauses", func() bool {
		conn, err := amqp.Dial(leader.URL())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	require.NoError(t, declare(ctx, other.URL(), "q"))
	require.NoError(t, c.Heal(ctx, leader))
	require.NoError(t, c.Await(ctx, other))
	eventually(ctx, t, "the third serves", func() bool { return declare(ctx, leader.URL(), "q") == nil })

	require.NoError(t, c.Stop())
	for _, pid := range pids {
		require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "parley-rabbit-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}
