package rabbitmq_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// TestBlackHole: nobody reads what we write, and there is much of it.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
	c := connect(t, settings(), proxy.URL())
	s := queue(t)
	k, _ := collect(t, c, s)
	require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "before"))
	require.NoError(t, k.Stop(within(t, patience)))
	proxy.Freeze()
	ctx := within(t, time.Second)
	body := make([]byte, 1<<20)
	var group sync.WaitGroup
	var accepted atomic.Int64
	errs := make(chan error, 16)
	for range cap(errs) {
		group.Go(func() {
			for {
				_, err := c.Publish(ctx, &transport.Publication{Message: &transport.Message{Body: body}, Key: s.Queue.Name})
				if err != nil {
					errs <- err
					return
				}
				accepted.Add(1)
			}
		})
	}
	group.Wait()
	require.Less(t, accepted.Load(), int64(100), "what is unwritten must be bounded")
	for range cap(errs) {
		err := <-errs
		require.ErrorIs(t, err, transport.ErrNotSent)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	proxy.Cut()
	proxy.Thaw()
	publishUntilStored(t, c, s.Queue.Name, "after")
}

// TestReturnsOfManyPublishers: each learns of its own unroutable messages only.
func TestReturnsOfManyPublishers(t *testing.T) {
	t.Parallel()
	c := connect(t, settings(), rabbittest.URL(t))
	s := queue(t)
	k, _ := collect(t, c, s)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			var confs []transport.Confirmation
			for j := range 200 {
				p := publication(s.Queue.Name, "x")
				if j%2 == 1 {
					p.Key = "test.missing"
				}
				p.Mandatory, p.Message.ID = true, fmt.Sprintf("%d-%d", i, j)
				conf, err := c.Publish(context.Background(), p)
				if err != nil {
					t.Error(err)
					return
				}
				confs = append(confs, conf)
			}
			for j, conf := range confs {
				err := transport.Wait(within(t, patience), conf)
				if noRoute := j%2 == 1; noRoute && !errors.Is(err, transport.ErrNoRoute) || !noRoute && err != nil {
					t.Errorf("%d: %v", j, err)
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, k.Stop(within(t, patience)))
}

// TestChannelFault: the broker closes the shared channel of the publishers.
func TestChannelFault(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	c := connect(t, settings(), address)
	s := queue(t)
	k, bodies := collect(t, c, s)
	x := topology.Direct("test." + rand.Text())
	toExchange := &transport.Publication{Message: &transport.Message{}, Exchange: &x, Key: "x"}
	conf, err := c.Publish(within(t, patience), toExchange)
	require.NoError(t, err)
	require.NoError(t, transport.Wait(within(t, patience), conf))

	require.NoError(t, admin(t, address).ExchangeDelete(x.Name, false, false))
	conf, err = c.Publish(within(t, patience), toExchange)
	require.NoError(t, err)
	require.ErrorIs(t, transport.Wait(within(t, patience), conf), transport.ErrOutcomeUnknown)

	require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "others go on"))
	awaitBody(t, bodies, "others go on")
	require.Eventually(t, func() bool {
		conf, err := c.Publish(within(t, patience), toExchange)
		return err == nil && transport.Wait(within(t, patience), conf) == nil
	}, patience, time.Millisecond, "the exchange is declared again")
	require.NoError(t, k.Err())
	require.NoError(t, admin(t, address).ExchangeDelete(x.Name, false, false))
}

func TestForeignUserID(t *testing.T) {
	t.Parallel()
	c := connect(t, settings(), rabbittest.URL(t))
	p := publication("test.nowhere", "x")
	p.Message.UserID = "somebody"
	_, err := c.Publish(within(t, patience), p)
	require.ErrorIs(t, err, transport.ErrNotSent)
	require.ErrorContains(t, err, `wanted the user id of this login or none, got "somebody"`)
}
