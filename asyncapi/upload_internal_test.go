package asyncapi

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// tape records what an app hands to its transport.
type tape struct {
	transport.Transport

	mu      sync.Mutex
	changed *sync.Cond
	sent    []transport.Publication
}

func newTape(t transport.Transport) *tape {
	p := &tape{Transport: t}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// taped runs a test on both transports, with a service and its client whose
// messages are recorded.
func taped(t *testing.T, f func(ctx context.Context, t *testing.T, name string, served, asked *tape)) {
	t.Helper()
	broker := memory.New()
	for name, connect := range map[string]func(t *testing.T) transport.Transport{
		"memory":   func(*testing.T) transport.Transport { return broker },
		"rabbitmq": func(t *testing.T) transport.Transport { return rabbitmq.New(rabbittest.URL(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			f(ctx, t, name, newTape(connect(t)), newTape(connect(t)))
		})
	}
}

func (t *tape) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	c, err := t.Transport.Connect(ctx, s)
	if err != nil {
		return nil, err
	}
	return &tapedConn{Conn: c, Inboxes: c.(transport.Inboxes), ReplyClassifier: c.(transport.ReplyClassifier), tape: t}, nil
}

type tapedConn struct {
	transport.Conn
	transport.Inboxes
	transport.ReplyClassifier

	tape *tape
}

func (c *tapedConn) Publish(ctx context.Context, p *transport.Publication) (transport.Confirmation, error) {
	c.tape.record(p)
	return c.Conn.Publish(ctx, p)
}

func (c *tapedConn) Request(ctx context.Context, p *transport.Publication) (transport.Pending, error) {
	c.tape.record(p)
	return c.Conn.Request(ctx, p)
}

func (t *tape) record(p *transport.Publication) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent = append(t.sent, transport.Publication{Message: p.Message.Clone(), Key: p.Key})
	t.changed.Broadcast()
}

func (t *tape) all() []transport.Publication {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.sent)
}

// await waits until one more frame of that kind is sent.
func (t *tape) await(ctx context.Context, kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.changed.Broadcast()
	})
	defer stop()
	before := len(t.sent)
	of := func(p transport.Publication) bool { return p.Message.Header(parley.HeaderStreamFrame) == kind }
	for ctx.Err() == nil && !slices.ContainsFunc(t.sent[before:], of) {
		t.changed.Wait()
	}
}

func total(_ context.Context, rows iter.Seq2[row, error]) (*row, error) {
	sum := 0
	for r, err := range rows {
		switch {
		case err != nil:
			return nil, err
		case r.N < 0:
			return nil, parley.NewError(parley.CodeOutOfRange, "less than nothing")
		}
		sum += r.N
	}
	if sum == 0 {
		return nil, nil
	}
	return &row{sum}, nil
}

func doubled(_ context.Context, rows iter.Seq[row]) iter.Seq[row] {
	return func(yield func(row) bool) {
		for r := range rows {
			if !yield(row{2 * r.N}) {
				return
			}
		}
	}
}

// numbered yields n rows, and what follows them.
func numbered(n int, then func(yield func(row, error) bool)) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for i := range n {
			if !yield(row{i + 1}, nil) {
				return
			}
		}
		if then != nil {
			then(yield)
		}
	}
}

// Every message of a client stream, in both directions and on both transports,
// is exactly one of those that the document declares for its place.
func TestFramesOfClientStreamsFitTheDocument(t *testing.T) {
	t.Parallel()
	taped(t, func(ctx context.Context, t *testing.T, name string, served, asked *tape) {
		quiet := parley.Logger(slog.New(slog.DiscardHandler))
		service, client := parley.New(served, parley.Info("frames", "1"), quiet), parley.New(asked, quiet)
		service.Subscriber("uploads."+name+".total", total)
		service.Subscriber("uploads."+name+".doubled", doubled)
		sums, pairs := client.Publisher("uploads."+name+".total"), client.Publisher("uploads."+name+".doubled")
		require.NoError(t, service.Start(ctx))
		require.NoError(t, client.Start(ctx))
		converse(ctx, t, sums, pairs, func() { served.await(ctx, "beat"); asked.await(ctx, "credit") })
		require.NoError(t, client.Stop(ctx))
		require.NoError(t, service.Stop(ctx))

		w := &watcher{tb: t, app: service}
		w.load()
		plans, calls := map[string]*operationPlan{}, map[string]*operationPlan{}
		for _, p := range w.declared {
			plans[p.Address] = p
		}
		seen := map[string]bool{}
		for _, p := range asked.all() {
			kind := p.Message.Header(parley.HeaderStreamFrame)
			if plan := plans[p.Key]; plan != nil {
				calls[p.Message.CorrelationID] = plan
				w.fits(plan, "is asked with", p.Message, []*messagePlan{plan.message, plan.opens})
			} else {
				plan := calls[p.Message.CorrelationID]
				w.fits(plan, "is sent", p.Message, plan.items)
			}
			seen["> "+kind] = true
		}
		for _, p := range served.all() {
			plan := calls[p.Message.CorrelationID]
			w.fits(plan, "answers", p.Message, plan.answers)
			seen["< "+p.Message.Header(parley.HeaderStreamFrame)] = true
		}
		require.Equal(t, []string{
			"< ", "< beat", "< credit", "< end", "< error", "< item", "< open",
			"> ", "> cancel", "> credit", "> end", "> error", "> item", "> request",
		}, slices.Sorted(maps.Keys(seen)), "each kind of frame was looked at")

		faults := &teller{}
		w.tb = faults
		astray := &parley.Message{Headers: parley.Headers{parley.HeaderStreamFrame: "item", parley.HeaderStreamRun: "x"}, Body: []byte(`{"n":1}`), ContentType: contentJSON}
		w.fits(plans["uploads."+name+".total"], "is sent", astray, plans["uploads."+name+".total"].items)
		require.Len(t, faults.faults, 1, "a frame of the other direction is none of them")
	})
}

// converse makes a caller and a service say all that they can say.
func converse(ctx context.Context, t *testing.T, sums, pairs *parley.Publisher, alive func()) {
	t.Helper()
	ask := func(v any, opts ...parley.SendOption) (*row, error) {
		return parley.Request[*row](ctx, sums, v, opts...)
	}
	sum, err := ask(numbered(100, nil))
	require.NoError(t, err)
	require.Equal(t, 5050, sum.N)
	sum, err = ask(numbered(0, nil))
	require.NoError(t, err)
	require.Nil(t, sum)
	sum, err = ask(row{7})
	require.NoError(t, err)
	require.Equal(t, 7, sum.N, "a message is a stream of one item")
	_, err = ask(slices.Values([]row{{1}, {-1}}))
	require.ErrorIs(t, err, parley.NewError(parley.CodeOutOfRange, ""))
	torn := errors.New("torn")
	_, err = ask(numbered(3, func(yield func(row, error) bool) { yield(row{}, torn) }))
	require.ErrorIs(t, err, torn)
	// The sequence goes on when both sides have given a sign of life.
	_, err = ask(numbered(1, func(yield func(row, error) bool) {
		alive()
		yield(row{1}, nil)
	}), parley.Idle(9*time.Second))
	require.NoError(t, err)

	read := func(v any, most int) (n int) {
		for _, err := range parley.Stream[row](ctx, pairs, v) {
			require.NoError(t, err)
			if n++; n == most {
				break
			}
		}
		return n
	}
	require.Equal(t, 100, read(numbered(100, nil), 0))
	require.Equal(t, 1, read(row{7}, 0))
	require.Equal(t, 2, read(numbered(1_000_000, nil), 2), "the rest is called off")
}
