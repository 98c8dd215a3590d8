package rabbitmq_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
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

// TestPublicationsWithoutPermission: the broker answers them by closing the
// channel that all publishers share. It names whom it means, and the others are
// only disturbed.
func TestPublicationsWithoutPermission(t *testing.T) {
	t.Parallel()
	node := rabbittest.Shared(t)
	ctx := within(t, patience)
	tenants := topology.Topic("test."+rand.Text(), topology.AutoDelete())
	for _, args := range [][]string{
		{"add_user", "writer", secret},
		{"set_permissions", "writer", "^$", `^(amq\.default|test\.[A-Z0-9]+)$`, ".*"},
		{"set_topic_permissions", "writer", tenants.Name, `^mine\.`, ".*"},
	} {
		_, err := node.Ctl(ctx, args...)
		require.NoError(t, err)
	}
	owner := connect(t, settings(), node.URL())
	s := queue(t)
	_, bodies := collect(t, owner, s)
	forbidden := topology.Topic("forbidden."+rand.Text(), topology.AutoDelete())
	internal := topology.Topic("test."+rand.Text(), topology.Internal(), topology.AutoDelete())
	for _, x := range []topology.Exchange{forbidden, internal, tenants} {
		require.NoError(t, admin(t, node.URL()).ExchangeDeclare(x.Name, x.Kind, x.Durable, x.AutoDelete, x.Internal, false, nil))
	}

	u, err := url.Parse(node.URL())
	require.NoError(t, err)
	u.User = url.UserPassword("writer", secret)
	c := connect(t, settings(), u.String(), rabbitmq.Passive())
	ctx = within(t, patience)
	send := func(x *topology.Exchange, key string) error {
		conf, err := c.Publish(ctx, &transport.Publication{Message: &transport.Message{}, Exchange: x, Key: key})
		if err != nil {
			return err
		}
		return transport.Wait(ctx, conf)
	}
	for x, key := range map[*topology.Exchange]string{&forbidden: "mine.x", &internal: "mine.x", &tenants: "yours.x"} {
		err := send(x, key)
		require.ErrorIs(t, err, transport.ErrOutcomeUnknown)
		requirePermanent(t, err, x.Name, "wanted permission, got ", "ACCESS_REFUSED", "hint: ")
		require.NotContains(t, err.Error(), secret)
		require.NoError(t, send(&tenants, "mine.x"))
	}

	// Many at once, of which one is forbidden.
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for range 20 {
				if i == 0 {
					if err := send(&forbidden, "x"); !isPermanent(err) {
						t.Errorf("the forbidden one: %v", err)
					}
				} else if err := send(nil, s.Queue.Name); isPermanent(err) {
					t.Errorf("one of the others: %v", err)
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "others go on"))
	awaitBody(t, bodies, "others go on")
}

func isPermanent(err error) bool {
	_, ok := errors.AsType[*transport.PermanentError](err)
	return ok
}
