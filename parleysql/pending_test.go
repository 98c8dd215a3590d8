package parleysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite" // the driver "sqlite", without cgo

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleysql"
	"github.com/parley-go/parley/transport/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test; it is no expectation about speed.
const patience = 30 * time.Second

// open opens a database in a file.
func open(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(30000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func created(t *testing.T, o parleysql.PendingOptions) *parleysql.Pending {
	t.Helper()
	p := parleysql.NewPending(open(t, filepath.Join(t.TempDir(), "pending.db")), o)
	require.NoError(t, p.CreateTable(t.Context()))
	return p
}

func TestPendingStores(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]parley.PendingStore{
		"memory":   parley.NewMemoryPending(),
		"question": created(t, parleysql.PendingOptions{}),
		"dollar":   created(t, parleysql.PendingOptions{Table: "waits", Placeholder: parleysql.Dollar}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, store)
		})
	}
}

// contract is what every store does.
func contract(t *testing.T, store parley.PendingStore) {
	t.Helper()
	ctx := t.Context()
	begin := time.UnixMilli(1_800_000_000_123)
	var want []parley.Pending
	for i, token := range []string{"plain", "zero \x00, no UTF-8 \xff, \"quoted\" `\\`", "", strings.Repeat("ü", parley.MaxToken/2)} {
		p := parley.Pending{
			CorrelationID: fmt.Sprintf("id'%d", i), Token: token, Address: "orders.place", Exchange: "x", ReplyTo: "receipts",
			Sent: begin, Due: begin.Add(time.Duration(i) * time.Hour),
		}
		want = append(want, p)
	}
	for _, i := range []int{2, 0, 3, 1} {
		require.NoError(t, store.Add(ctx, want[i]))
	}
	for _, c := range []struct {
		before time.Time
		limit  int
		want   []parley.Pending
	}{
		{begin, 10, nil},
		{begin.Add(time.Millisecond), 10, want[:1]},
		{begin.Add(100 * time.Hour), 10, want},
		{begin.Add(100 * time.Hour), 2, want[:2]},
		{begin.Add(100 * time.Hour), 0, nil},
		{begin.Add(100 * time.Hour), -1, nil},
	} {
		got, err := store.Overdue(ctx, c.before, c.limit)
		require.NoError(t, err)
		require.Len(t, got, len(c.want))
		for i := range got {
			require.Equal(t, c.want[i], got[i])
		}
	}
	for _, known := range []bool{true, false} {
		got, err := store.Done(ctx, want[0].CorrelationID)
		require.NoError(t, err)
		require.Equal(t, known, got)
	}
	got, err := store.Overdue(ctx, begin.Add(100*time.Hour), 10)
	require.NoError(t, err)
	require.Equal(t, want[1:], got)
}

// What one process sent, another one finds overdue, or answered.
func TestPendingOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pending.db")
	require.NoError(t, parleysql.NewPending(open(t, file), parleysql.PendingOptions{}).CreateTable(t.Context()))
	broker := memory.New()
	start := func(app *parley.App) (stop func()) {
		require.NoError(t, app.Start(t.Context()))
		return func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			require.NoError(t, app.Stop(ctx))
		}
	}
	tokens := make(chan string, 2)
	service := parley.New(broker, parley.Logger(slog.New(slog.DiscardHandler)))
	service.Subscriber("place", func(_ context.Context, _ string, l parley.Later[string]) { tokens <- l.Token() })
	defer start(service)()

	process := func() (*parley.App, *parleysql.Pending, <-chan string) {
		store := parleysql.NewPending(open(t, file), parleysql.PendingOptions{})
		app := parley.New(broker, parley.Logger(slog.New(slog.DiscardHandler)), parley.Track(store), parley.Due(time.Minute))
		got := make(chan string, 10)
		parley.Replies(app, "receipts", func(_ context.Context, a parley.Answer[string]) error {
			got <- a.Token + " " + a.Value
			return nil
		})
		return app, store, got
	}
	first, _, _ := process()
	orders := first.Publisher("place")
	stop := start(first)
	require.NoError(t, orders.Publish(t.Context(), "o1", parley.ReplyTo("receipts"), parley.Token("invoice-1")))
	answered := <-tokens
	require.NoError(t, orders.Publish(t.Context(), "o2", parley.ReplyTo("receipts"), parley.Token("invoice-2")))
	stop()

	second, store, got := process()
	defer start(second)()
	require.NoError(t, parley.Reply(t.Context(), service, answered, "done"))
	require.Equal(t, "invoice-1 done", <-got)
	require.Eventually(t, func() bool {
		due, err := store.Overdue(t.Context(), time.Now().Add(time.Hour), 10)
		require.NoError(t, err)
		return len(due) == 1 && due[0].Token == "invoice-2" && due[0].Address == "place"
	}, patience, time.Millisecond)
}

func TestPendingFaults(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := created(t, parleysql.PendingOptions{})
	require.NoError(t, p.CreateTable(ctx), "again")
	m := parley.Pending{CorrelationID: "id"}
	require.NoError(t, p.Add(ctx, m))
	require.ErrorContains(t, p.Add(ctx, m), "parleysql: pending messages in parley_pending: add")

	missing := parleysql.NewPending(open(t, filepath.Join(t.TempDir(), "empty.db")), parleysql.PendingOptions{})
	injected := parleysql.NewPending(nil, parleysql.PendingOptions{Table: "x; DROP TABLE y"})
	for fragment, store := range map[string]*parleysql.Pending{"no such table": missing, "a table's name": injected} {
		_, err := store.Done(ctx, "id")
		require.ErrorContains(t, err, fragment)
		_, err = store.Overdue(ctx, time.Now(), 1)
		require.ErrorContains(t, err, fragment)
		require.ErrorContains(t, store.Add(ctx, m), fragment)
	}
	require.ErrorContains(t, injected.CreateTable(ctx), "a table's name")
}
