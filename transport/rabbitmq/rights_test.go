package rabbitmq_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// TestAccountWithoutConfigureRight subscribes, publishes and asks without
// declaring anything.
func TestAccountWithoutConfigureRight(t *testing.T) {
	t.Parallel()
	node := rabbittest.Shared(t)
	ctx := within(t, patience)
	for _, args := range [][]string{
		{"add_user", "limited", secret},
		{"set_permissions", "limited", "^$", ".*", ".*"},
	} {
		_, err := node.Ctl(ctx, args...)
		require.NoError(t, err)
	}
	owner := connect(t, settings(), node.URL())
	s := queue(t)
	k, _ := collect(t, owner, s)
	require.NoError(t, k.Stop(within(t, patience)))

	u, err := url.Parse(node.URL())
	require.NoError(t, err)
	u.User = url.UserPassword("limited", secret)
	active := connect(t, settings(), u.String())
	_, err = active.Subscribe(within(t, patience), transport.Subscription{
		Topology: queue(t), Prefetch: 1, Workers: 1,
		Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
	})
	requirePermanent(t, err, "declare error queue ", "wanted permission, got ", "ACCESS_REFUSED", "hint: ", "rabbitmq.Passive")
	require.NotContains(t, err.Error(), secret)
	_, err = active.Request(within(t, patience), publication(s.Queue.Name, "x"))
	requirePermanent(t, err, "declare an inbox", "ACCESS_REFUSED", "hint: ")

	reply, got := replies()
	passive := connect(t, reply, u.String(), rabbitmq.Passive(), rabbitmq.DirectReplies())
	_, bodies := collect(t, passive, s)
	require.NoError(t, publish(within(t, patience), passive, s.Queue.Name, "x"))
	awaitBody(t, bodies, "x")
	_, err = passive.Request(within(t, patience), publication(echo(t, owner), "ping"))
	require.NoError(t, err)
	require.Equal(t, "ping", string(await(t, got, "a reply").Body))
}
