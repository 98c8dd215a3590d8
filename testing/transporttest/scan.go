package transporttest

import (
	"context"
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

var scanCases = []testCase{
	{
		name:    "scan/looks in order and puts back",
		promise: "Scan visits the ready messages in the queue's order, each once; what is held goes back to its place.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a", "b", "c")
			for range 3 {
				require.Equal(e.t, []string{"a", "b", "c"}, c.scan(q, transport.Return))
			}
			require.Equal(e.t, []string{"a", "b", "c"}, c.collect(e.onQueue("q")).bodies(3))
		},
	},
	{
		name:    "scan/settles",
		promise: "Ack and Reject settle a message at once; with any other verdict it goes back at the end.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a", "b", "c", "d", "e")
			require.Equal(e.t, []string{"a", "b", "c", "d", "e"},
				c.scan(q, transport.Return, transport.Ack, transport.Return, transport.Reject, transport.Ack))
			require.Equal(e.t, []string{"a", "c"}, c.scan(q, transport.Return))
			require.Equal(e.t, []string{"a", "c"}, c.scan(q, transport.Ack))
			require.Empty(e.t, c.scan(q, transport.Ack), "an empty queue ends it")
		},
	},
	{
		name:    "scan/ahead",
		promise: "ScanAhead goes on to further messages while verdicts are open, a bounded number; they are asked for in order, all of them before it returns.",
		needs:   needInspect,
		run:     scanAhead,
	},
	{
		name:    "scan/stops early",
		promise: "Scan ends when visit returns more as false, or before the next message when ctx ends.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a", "b", "c")
			seen := 0
			require.NoError(e.t, c.inspector().Scan(e.ctx, q, func(*transport.Message) (transport.Verdict, bool) {
				seen++
				return transport.Return, seen < 2
			}))
			require.Equal(e.t, 2, seen)
			ctx, cancel := context.WithCancelCause(e.ctx)
			why := errors.New("enough")
			err := c.inspector().Scan(ctx, q, func(*transport.Message) (transport.Verdict, bool) {
				cancel(why)
				return transport.Return, true
			})
			require.ErrorIs(e.t, err, why)
			require.Equal(e.t, []string{"a", "b", "c"}, c.scan(q, transport.Return))
		},
	},
	{
		name:    "scan/ends on the way",
		promise: "The verdicts are asked for before ScanAhead returns, also after an error, and count: also when ctx ends while the next message is on its way.",
		needs:   needInspect,
		run:     scanEndsOnTheWay,
	},
	{
		name:    "scan/what comes meanwhile",
		promise: "Scan visits as many as were ready when it began.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a", "b", "c")
			for range 2 {
				var seen []string
				require.NoError(e.t, c.inspector().Scan(e.ctx, q, func(m *transport.Message) (transport.Verdict, bool) {
					seen = append(seen, string(m.Body))
					c.put(q, string(m.Body))
					return transport.Ack, true
				}))
				require.Equal(e.t, []string{"a", "b", "c"}, seen)
			}
		},
	},
	{
		name:    "scan/at once again",
		promise: "What a scan puts back is there for the next one.",
		needs:   needInspect,
		run: func(e *env) {
			const n = 500
			c := e.connect()
			q := e.queueOf(c)
			for range n {
				c.put(q, "x")
			}
			for range 5 {
				require.Len(e.t, c.scan(q, transport.Return), n)
			}
		},
	},
	{
		name:    "scan/panic",
		promise: "What is not settled goes back to its place at the end, also when visit panics.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a", "b", "c")
			require.Panics(e.t, func() {
				_ = c.inspector().Scan(e.ctx, q, func(m *transport.Message) (transport.Verdict, bool) {
					if string(m.Body) == "c" {
						panic("at c")
					}
					return transport.Ack, true
				})
			})
			require.Equal(e.t, []string{"c"}, c.scan(q, transport.Return))
		},
	},
	{
		name:    "scan/session lost",
		promise: "When the session ends, whatever is not settled goes back and the error is ErrSessionLost.",
		needs:   func(b Broker) bool { return needInspect(b) && b.Disconnect != nil },
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a", "b")
			err := c.inspector().Scan(e.ctx, q, func(m *transport.Message) (transport.Verdict, bool) {
				if string(m.Body) == "b" {
					e.Disconnect()
				}
				return transport.Return, true
			})
			require.ErrorIs(e.t, err, transport.ErrSessionLost)
			e.eventually("both are back", func() bool { return c.depth(q) == 2 })
			require.Equal(e.t, []string{"a", "b"}, c.scan(q, transport.Return))
		},
	},
	{
		name:    "scan/in vain",
		promise: "A queue that does not exist is a PermanentError. After Close the error is ErrClosed.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a")
			visit := func(*transport.Message) (transport.Verdict, bool) {
				e.t.Error("nothing to visit")
				return transport.Return, false
			}
			requirePermanent(e, c.inspector().Scan(e.ctx, e.name("absent"), visit), e.name("absent"))
			over, cancel := context.WithCancel(e.ctx)
			cancel()
			require.ErrorIs(e.t, c.inspector().Scan(over, q, visit), context.Canceled)
			require.Equal(e.t, []string{"a"}, c.scan(q, transport.Return))
			require.NoError(e.t, c.Close(e.ctx))
			require.ErrorIs(e.t, c.inspector().Scan(e.ctx, q, visit), transport.ErrClosed)
		},
	},
}

func scanAhead(e *env) {
	c := e.connect()
	q := e.queueOf(c, "a", "b", "c", "d", "e")
	verdicts := map[string]transport.Verdict{"a": transport.Ack, "b": transport.Return, "c": transport.Reject, "d": transport.Return, "e": transport.Ack}
	var did []string
	visit := func(m *transport.Message) (func() transport.Verdict, bool) {
		body := string(m.Body)
		did = append(did, body)
		return func() transport.Verdict {
			did = append(did, "verdict on "+body)
			return verdicts[body]
		}, true
	}
	require.NoError(e.t, c.inspector().ScanAhead(e.ctx, q, 3, visit))
	require.Equal(e.t, []string{
		"a", "b", "c", "verdict on a", "d", "verdict on b", "e", "verdict on c", "verdict on d", "verdict on e",
	}, did)
	require.Equal(e.t, []string{"b", "d"}, c.scan(q, transport.Return))

	// What is open when ctx ends gets its verdict.
	ctx, cancel := context.WithCancel(e.ctx)
	seen := 0
	err := c.inspector().ScanAhead(ctx, q, 3, func(*transport.Message) (func() transport.Verdict, bool) {
		seen++
		cancel()
		return func() transport.Verdict { return transport.Ack }, true
	})
	require.ErrorIs(e.t, err, context.Canceled)
	require.Equal(e.t, 1, seen)
	require.Equal(e.t, []string{"d"}, c.scan(q, transport.Return))

	// What is open when visit panics goes back.
	require.Panics(e.t, func() {
		_ = c.inspector().ScanAhead(e.ctx, e.queueOf(c, "e", "f"), 3, func(m *transport.Message) (func() transport.Verdict, bool) {
			if string(m.Body) == "f" {
				panic("at f")
			}
			return func() transport.Verdict { return transport.Ack }, true
		})
	})
	require.Equal(e.t, []string{"d", "e", "f"}, c.scan(q, transport.Return))
}

// waitedFor is a context that ends as soon as somebody waits for its end, once
// it is armed.
type waitedFor struct {
	context.Context
	armed  bool
	cancel context.CancelFunc
}

func (w *waitedFor) Done() <-chan struct{} {
	if w.armed {
		w.cancel()
	}
	return w.Context.Done()
}

func scanEndsOnTheWay(e *env) {
	c := e.connect()
	q := e.queueOf(c, "a", "b", "c", "d")
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	w := &waitedFor{Context: ctx, cancel: cancel}
	var acked []string
	err := c.inspector().ScanAhead(w, q, 3, func(m *transport.Message) (func() transport.Verdict, bool) {
		w.armed = true
		return func() transport.Verdict {
			acked = append(acked, string(m.Body))
			return transport.Ack
		}, true
	})
	if err != nil {
		require.ErrorIs(e.t, err, context.Canceled)
	}
	require.Equal(e.t, []string{"a", "b", "c", "d"}, append(acked, c.scan(q, transport.Return)...))
}

// scan visits a queue to its end and returns the bodies. The last verdict
// stands for all further messages.
func (c *conn) scan(queue string, verdicts ...transport.Verdict) []string {
	c.e.t.Helper()
	var bodies []string
	err := c.inspector().Scan(c.e.ctx, queue, func(m *transport.Message) (transport.Verdict, bool) {
		v := verdicts[min(len(bodies), len(verdicts)-1)]
		bodies = append(bodies, string(m.Body))
		return v, true
	})
	require.NoError(c.e.t, err)
	return bodies
}
