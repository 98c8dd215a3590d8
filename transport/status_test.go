package transport_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// change is one call of an OnLink or OnStatus.
type change struct {
	from transport.State
	now  transport.Status
}

func track(begins transport.Status) (tracker *transport.Tracker, changes *[]change, log *strings.Builder) {
	changes, log = &[]change{}, &strings.Builder{}
	h := slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	return transport.NewTracker(begins, slog.New(h), func(from transport.State, now transport.Status) {
		*changes = append(*changes, change{from, now})
	}), changes, log
}

func TestTrackerOfALink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k, changes, log := track(transport.Status{Connection: "orders publish"})
		absent, alarm := errors.New("no broker"), errors.New("low on memory")
		begun := time.Now()
		step := func(f func()) {
			time.Sleep(time.Second)
			f()
		}
		step(func() { k.Lost(absent) })
		step(func() { k.Lost(absent) })
		step(func() { k.Up(slog.String("broker", "amqp://b:1/")) })
		step(func() { k.Blocked(alarm) })
		step(func() { k.Up() })
		step(func() { k.Up() })
		step(func() { k.Lost(absent) })
		step(func() { k.Lost(alarm) })
		step(func() { k.Up() })
		step(func() { k.Closed() })

		link := func(s transport.State, since int, err error, recoveries int) transport.Status {
			return transport.Status{
				Connection: "orders publish", State: s, Since: begun.Add(time.Duration(since) * time.Second),
				Err: err, Recoveries: recoveries,
			}
		}
		require.Equal(t, []change{
			{transport.StateConnecting, link(transport.StateConnecting, 0, absent, 0)},
			{transport.StateConnecting, link(transport.StateConnecting, 0, absent, 0)},
			{transport.StateConnecting, link(transport.StateUp, 3, nil, 0)},
			{transport.StateUp, link(transport.StateBlocked, 4, alarm, 0)},
			{transport.StateBlocked, link(transport.StateUp, 5, nil, 0)},
			{transport.StateUp, link(transport.StateReconnecting, 7, absent, 0)},
			{transport.StateReconnecting, link(transport.StateReconnecting, 7, alarm, 0)},
			{transport.StateReconnecting, link(transport.StateUp, 9, nil, 1)},
			{transport.StateUp, link(transport.StateClosed, 10, nil, 1)},
		}, *changes)
		require.Equal(t, strings.Join([]string{
			`level=WARN msg="parley: connection attempt failed" connection="orders publish" error="no broker"`,
			`level=WARN msg="parley: connection attempt failed" connection="orders publish" error="no broker"`,
			`level=INFO msg="parley: connected" connection="orders publish" broker=amqp://b:1/`,
			`level=WARN msg="parley: publishing blocked" connection="orders publish" error="low on memory"`,
			`level=INFO msg="parley: publishing unblocked" connection="orders publish"`,
			`level=WARN msg="parley: connection lost" connection="orders publish" error="no broker"`,
			`level=WARN msg="parley: connection attempt failed" connection="orders publish" error="low on memory"`,
			`level=INFO msg="parley: connected" connection="orders publish" recoveries=1`,
			`level=INFO msg="parley: connection closed" connection="orders publish"`,
			``,
		}, "\n"), log.String())
	})
}

func TestTrackerOfAConsumer(t *testing.T) {
	t.Parallel()
	k, changes, log := track(transport.Status{})
	refused := errors.New("refused")
	k.Lost(refused)
	k.Consuming("amq.gen-1")
	k.Lost(refused)
	k.Consuming("amq.gen-2")
	k.Closed()
	k.Lost(refused)
	require.Equal(t, strings.Join([]string{
		`level=WARN msg="parley: attempt to consume failed" queue="" error=refused`,
		`level=DEBUG msg="parley: consuming" queue=amq.gen-1`,
		`level=WARN msg="parley: consumer lost" queue=amq.gen-1 error=refused`,
		`level=INFO msg="parley: consuming again" queue=amq.gen-2 recoveries=1`,
		`level=DEBUG msg="parley: consumer stopped" queue=amq.gen-2`,
		``,
	}, "\n"), log.String())
	last := (*changes)[len(*changes)-1]
	require.Equal(t, transport.StateUp, last.from)
	require.Equal(t, "amq.gen-2", last.now.Queue)
	require.NoError(t, last.now.Err)
}
