package asyncapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport"
)

// faucet is a handler that yields a number for each token in drops, and tells
// how it ended.
type faucet struct {
	drops chan int
	ended chan error
}

func newFaucet() *faucet { return &faucet{make(chan int), make(chan error, 4)} }

func (f *faucet) Drip(ctx context.Context, first int) iter.Seq2[Placed, error] {
	return func(yield func(Placed, error) bool) {
		defer func() { f.ended <- context.Cause(ctx) }()
		for n := first; ; {
			if n < 0 {
				yield(Placed{}, parley.NewError(parley.CodeDataLoss, "dry"))
				return
			}
			if n == 0 || !yield(Placed{OrderID: strings.Repeat("x", n)}, nil) {
				return
			}
			select {
			case n = <-f.drops:
			case <-ctx.Done():
				return
			}
		}
	}
}

// line is a line of an answer with many replies.
type line struct {
	told
	End     string `json:"end"`
	Replies int    `json:"replies"`
}

// follow sends a request for a stream and returns its lines as they come.
func (d *desk) follow(ctx context.Context, body string) (next func() line, left func() bool) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/try", strings.NewReader(body))
	require.NoError(d.t, err)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(d.t, err)
	d.t.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(d.t, http.StatusOK, answer.StatusCode)
	require.Equal(d.t, "application/x-ndjson", answer.Header.Get("Content-Type"))
	require.Equal(d.t, "no-store", answer.Header.Get("Cache-Control"))
	lines := bufio.NewReader(answer.Body)
	return func() line {
			d.t.Helper()
			text, err := lines.ReadBytes('\n')
			require.NoError(d.t, err)
			var l line
			require.NoError(d.t, json.Unmarshal(text, &l))
			return l
		}, func() bool {
			_, err := lines.ReadByte()
			return err == io.EOF
		}
}

func (f *faucet) drip(t *testing.T, n int) {
	t.Helper()
	select {
	case f.drops <- n:
	case <-time.After(patience):
		t.Fatal("the handler does not yield")
	}
}

func (f *faucet) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-f.ended:
		return err
	case <-time.After(patience):
		t.Fatal("the handler does not end")
		return nil
	}
}

// Replies of a stream are shown one by one, while the handler still runs; the
// visitor who leaves, and the bounds, cancel it.
func TestTryShowsStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, tr transport.Transport, name string) {
		tap := newFaucet()
		app := parley.New(tr, parley.Info(name+".stream", "1"), parley.Logger(slog.New(slog.DiscardHandler)))
		app.Subscriber(name+".drip", tap.Drip)
		d := newDesk(t, app, openTo(everybody), asyncapi.TryReplies(3), asyncapi.TryAtOnce(1), asyncapi.TryBody(5<<20))
		ask := func(body string) string { return `{"operation":"drip","kind":"request","body":` + body + `}` }
		d.start()

		next, over := d.follow(t.Context(), ask("1"))
		first := next()
		require.JSONEq(t, `{"order_id":"x"}`, string(first.Reply.JSON))
		require.Equal(t, "Placed item", first.Reply.Matches)
		tap.drip(t, 2)
		require.JSONEq(t, `{"order_id":"xx"}`, string(next().Reply.JSON))
		code, busy := d.try(ask("1"))
		require.Equal(t, http.StatusTooManyRequests, code, "a stream is one use: %v", busy)
		tap.drip(t, 0)
		last := next()
		require.Equal(t, "complete", last.End)
		require.Equal(t, 2, last.Replies)
		require.True(t, over())
		require.NoError(t, tap.end(t))

		ctx, stop := context.WithCancel(t.Context())
		next, _ = d.follow(ctx, ask("1"))
		next()
		stop()
		require.Error(t, tap.end(t), "who leaves cancels the handler")

		require.Eventually(t, func() bool { return strings.Count(d.log.text(), "outcome=canceled") == 1 }, patience, time.Millisecond)
		next, over = d.follow(t.Context(), ask("1"))
		first = next()
		require.NotNil(t, first.Reply, "%+v", first.Error)
		tap.drip(t, -1)
		last = next()
		require.Equal(t, "data_loss", last.Error.Code)
		require.Equal(t, 1, last.Replies)
		require.True(t, over())
		require.NoError(t, tap.end(t))

		next, over = d.follow(t.Context(), ask("1"))
		for range 3 {
			next()
			tap.drip(t, 1)
		}
		last = next()
		require.Equal(t, "limit", last.End)
		require.Equal(t, 3, last.Replies)
		require.True(t, over())
		require.Error(t, tap.end(t), "the bound cancels the handler")

		next, over = d.follow(t.Context(), ask("5000000"))
		require.Equal(t, "limit", next().End, "the sum of bodies is bounded")
		require.True(t, over())
		require.Error(t, tap.end(t))

		code, out := d.try(`{"operation":"drip","kind":"request","body":"x"}`)
		require.Equal(t, http.StatusUnprocessableEntity, code)
		require.Equal(t, "/body", out.Fields[0].At)
	})
}

// A stream ends with the time limit of the form. The answer is recorded, since
// a server has a deadline for it too.
func TestTryBoundsStreamsInTime(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, tr transport.Transport, name string) {
		tap := newFaucet()
		app := parley.New(tr, parley.Info(name+".late", "1"), parley.Logger(slog.New(slog.DiscardHandler)))
		app.Subscriber(name+".trickle", tap.Drip)
		d := newDesk(t, app, openTo(everybody), asyncapi.TryTimeout(300*time.Millisecond))
		d.start()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/try", strings.NewReader(`{"operation":"drip","kind":"request","body":1}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		d.page.ServeHTTP(w, r)
		lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
		var last line
		require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last), w.Body)
		require.Equal(t, "error", last.End)
		require.Equal(t, "deadline_exceeded", last.Error.Code)
	})
}
