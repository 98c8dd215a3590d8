package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestMain(m *testing.M) { rabbittest.Main(m) }

const want = `ada ordered o1
remote error: failed_precondition: not in stock
remote error: unauthenticated: who are you?
orders: 1, tea in stock: 8
`

func TestRun(t *testing.T) {
	t.Parallel()
	for name, tr := range map[string]func(*testing.T) transport.Transport{
		"memory":   func(*testing.T) transport.Transport { return memory.New() },
		"rabbitmq": func(t *testing.T) transport.Transport { t.Helper(); return rabbitmq.New(rabbittest.URL(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), &out, tr(t)))
			require.Equal(t, want, out.String())
		})
	}
}

// charges answers each attempt to charge with the next of its errors; a nil one
// takes the money. It panics with what is no error.
type charges struct {
	mu       sync.Mutex
	left     []any
	attempts int
}

func (c *charges) charge(context.Context, User, Order) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := c.left[c.attempts]
	c.attempts++
	switch next := next.(type) {
	case nil:
		return nil
	case error:
		return next
	default:
		panic(next)
	}
}

// What the database holds follows the outcome of the message, however it came
// about.
func TestTransactionEndsWithTheOutcome(t *testing.T) {
	t.Parallel()
	busy := errors.New("the bank is busy")
	for name, c := range map[string]struct {
		charges      []any
		code         parley.Code
		orders, left int
	}{
		"success":                      {[]any{nil}, "", 1, 8},
		"failure":                      {[]any{parley.NewError(parley.CodePermissionDenied, "no")}, parley.CodePermissionDenied, 0, 10},
		"failures, then success":       {[]any{busy, busy, nil}, "", 1, 8},
		"too many failures":            {[]any{busy, busy, busy}, parley.CodeUnknown, 0, 10},
		"panic":                        {[]any{"boom"}, parley.CodeInternal, 0, 10},
		"failure, then panic":          {[]any{busy, "boom"}, parley.CodeInternal, 0, 10},
		"failure that is not repeated": {[]any{parley.Permanent(busy)}, parley.CodeUnknown, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			bank := &charges{left: c.charges}
			app := NewApp(memory.New(), db, slog.New(slog.DiscardHandler), &Shop{Charge: bank.charge})
			asyncapi.Watch(t, app)
			place := parley.NewClient[Order, Receipt](app, "shop.place")
			require.NoError(t, app.Start(t.Context()))
			defer func() { require.NoError(t, app.Stop(context.Background())) }()

			_, err = place.Call(t.Context(), Order{ID: "o1", SKU: "tea", Qty: 2}, parley.Header("x-token", "ada's token"))
			require.Equal(t, c.code, parley.CodeOf(err), "%v", err)
			require.Equal(t, len(c.charges), bank.attempts)
			var orders, left int
			row := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM orders), qty FROM stock`)
			require.NoError(t, row.Scan(&orders, &left))
			require.Equal(t, []int{c.orders, c.left}, []int{orders, left})
		})
	}
}

func TestTheLoggerNamesMessageAndUser(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	m := &parley.Message{ID: "m1"}
	Loggers(slog.New(slog.NewTextHandler(&log, nil)))(m, User{"ada"}).Info("hello")
	require.Contains(t, log.String(), "msg=hello message_id=m1 user=ada")
}
