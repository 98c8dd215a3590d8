package memory_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// A message that waits in a queue with a TTL and comes back is the usual way of
// retrying later: its deaths are counted.
func TestDeathsAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.declare("wait", topology.MessageTTL(time.Second), topology.DeadLetter("", "work"))
		last := make(chan *transport.Message, 1)
		attempts := 0
		w.subscribe(w.queue("work", topology.DeadLetter("", "wait")), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
			if attempts++; attempts <= 3 {
				return transport.Reject
			}
			last <- m
			return transport.Ack
		})
		began := time.Now()
		w.put("work", "x")
		m := <-last
		require.Equal(t, 3*time.Second, time.Since(began))
		deaths := m.Headers["x-death"].([]any)
		require.Len(t, deaths, 2)
		newest, other := deaths[0].(map[string]any), deaths[1].(map[string]any)
		require.Equal(t, "expired", newest["reason"])
		require.Equal(t, "wait", newest["queue"])
		require.Equal(t, int64(3), newest["count"])
		require.Equal(t, "rejected", other["reason"])
		require.Equal(t, int64(3), other["count"])
		require.Equal(t, "work", m.Headers["x-first-death-queue"])
		require.Equal(t, "wait", m.Headers["x-last-death-queue"])
	})
}

func TestCircleWithoutRejectionIsBroken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.declare("a", topology.MessageTTL(time.Second), topology.DeadLetter("", "b"))
		w.declare("b", topology.MessageTTL(time.Second), topology.DeadLetter("", "a"))
		w.put("a", "x")
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, []string{"x"}, w.bodies("b"))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Zero(t, w.Depth("a"))
		require.Zero(t, w.Depth("b"))
	})
}

func TestDeadLetterWithoutDestinationIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.declare("missing exchange", topology.MaxLength(0), topology.DeadLetter("absent", ""))
	w.declare("missing queue", topology.MaxLength(0), topology.DeadLetter("", "absent"))
	w.put("missing exchange", "x")
	w.put("missing queue", "x")
	require.Zero(t, w.Depth("missing exchange"))
	require.Zero(t, w.Depth("missing queue"))
}

func TestRefusedMessageIsDeadLettered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.declare("dead")
	w.declare("q", topology.MaxLength(1), topology.Overflow(topology.RejectPublishDLX), topology.DeadLetter("", "dead"))
	w.put("q", "1")
	require.ErrorIs(t, w.send("q", text("2")), transport.ErrRefused)
	require.Equal(t, []string{"1"}, w.bodies("q"))
	require.Equal(t, []string{"2"}, w.bodies("dead"))
}

func TestForgedDeathsDoNoHarm(t *testing.T) {
	t.Parallel()
	for name, forged := range map[string]any{
		"text": "nonsense", "list of texts": []any{"a"},
		"no count": []any{map[string]any{"queue": "q", "reason": "maxlen"}},
		"count":    []any{map[string]any{"queue": "q", "reason": "maxlen", "count": "many"}},
	} {
		w := newWorld(t)
		w.declare("dead")
		w.declare("q", topology.MaxLength(0), topology.DeadLetter("", "dead"))
		m := text("x")
		m.SetHeader("x-death", forged)
		require.NoError(t, w.send("q", m), name)
		deaths := w.Peek("dead")[0].Headers["x-death"].([]any)
		require.Equal(t, int64(1), deaths[0].(map[string]any)["count"], name)
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"q", "cc", "bcc"} {
		w.declare(name)
	}
	m := text("x")
	m.Headers = transport.Headers{"CC": []string{"cc", "q"}, "BCC": []any{"bcc", "absent"}, "other": 1}
	require.NoError(t, w.send("q", m))
	for _, name := range []string{"q", "cc", "bcc"} {
		got := w.Peek(name)
		require.Len(t, got, 1, name)
		require.Equal(t, transport.Headers{"CC": []any{"cc", "q"}, "other": int64(1)}, got[0].Headers, name)
		require.Equal(t, "q", got[0].Address, name)
	}
	require.Len(t, m.Headers, 3, "the sender's headers were changed")

	// A copy that arrives makes up for a key without a queue.
	m.Headers = transport.Headers{"CC": []string{"cc"}}
	require.NoError(t, w.send("absent", m))

	m.Headers = transport.Headers{"CC": "cc"}
	_, err := w.Publish(context.Background(), &transport.Publication{Message: m, Key: "q"})
	require.ErrorIs(t, err, transport.ErrNotSent)
	require.ErrorContains(t, err, `header "CC": wanted a list of routing keys, got string`)
}
