package manual_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver "sqlite", without cgo

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleysql"
)

// Books keeps which invoice got which receipt.
type Books struct{ entries chan string }

// Take enters an answer, whichever process of the shop asked for it.
func (b *Books) Take(_ context.Context, a parley.Answer[Receipt]) error {
	remote, failed := errors.AsType[*parley.RemoteError](a.Err)
	switch {
	case failed:
		b.entries <- a.Token + " failed: " + remote.Message
	case a.Err != nil:
		return a.Err
	default:
		b.entries <- a.Token + " paid with order " + a.Value.OrderID
	}
	return nil
}

func TestRepliesThatOutliveTheClient(t *testing.T) {
	t.Parallel()
	books := &Books{make(chan string, 2)}
	app, _ := newApp()
	app.Subscriber("orders.place", PlaceOrder)
	parley.Replies(app, "receipts", books.Take)
	orders := app.Publisher("orders.place")
	start(t, app)
	ctx := t.Context()

	err := orders.Publish(ctx, order, parley.ReplyTo("receipts"), parley.Token("invoice-17"))
	require.NoError(t, err)
	require.Equal(t, "invoice-17 paid with order o1", <-books.entries)
	err = orders.Publish(ctx, Order{ID: "o2"}, parley.ReplyTo("receipts"), parley.Token("invoice-18"))
	require.NoError(t, err)
	require.Contains(t, <-books.entries, "invoice-18 failed: ")
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "shop.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	pending := parleysql.NewPending(db, parleysql.PendingOptions{})
	require.NoError(t, pending.CreateTable(ctx))
	_, broker := newApp()

	app := parley.New(broker, parley.Track(pending), parley.Due(48*time.Hour))
	app.Subscriber("orders.place", func(Order, parley.Later[Receipt]) {})
	orders := app.Publisher("orders.place")
	start(t, app)
	err = orders.Publish(ctx, order, parley.ReplyTo("receipts"), parley.Token("invoice-17"), parley.Due(-time.Second))
	require.NoError(t, err)

	var asked []string
	ask := func(p parley.Pending) error {
		asked = append(asked, p.Token)
		return nil
	}
	require.NoError(t, chase(ctx, pending, ask))
	require.Equal(t, []string{"invoice-17"}, asked)
	require.NoError(t, chase(ctx, pending, ask))
	require.Len(t, asked, 1, "once")
}

// chase asks again for what is overdue.
func chase(ctx context.Context, pending parley.PendingStore, ask func(parley.Pending) error) error {
	overdue, err := pending.Overdue(ctx, time.Now(), 100)
	if err != nil {
		return err
	}
	for _, p := range overdue {
		if err := ask(p); err != nil {
			return err
		}
		if _, err := pending.Done(ctx, p.CorrelationID); err != nil {
			return err
		}
	}
	return nil
}

// Desk lets people decide about orders. What outlives the process keeps tokens
// in a database.
type Desk struct {
	mu     sync.Mutex
	tokens map[string]string // by the order's id
}

// Place keeps an order until somebody has decided.
func (d *Desk) Place(_ context.Context, o Order, receipt parley.Later[Receipt]) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens[o.ID] = receipt.Token()
	return nil
}

// Decide answers, in any process of the service.
func (d *Desk) Decide(ctx context.Context, app *parley.App, id string, accepted bool) error {
	d.mu.Lock()
	token := d.tokens[id]
	d.mu.Unlock()
	if !accepted {
		return parley.ReplyError(ctx, app, token, parley.NewError(parley.CodeFailedPrecondition, "not today"))
	}
	return parley.Reply(ctx, app, token, Receipt{OrderID: id})
}

func TestReplyLater(t *testing.T) {
	t.Parallel()
	desk := &Desk{tokens: map[string]string{}}
	books := &Books{make(chan string, 2)}
	app, broker := newApp()
	app.Subscriber("orders.place", desk.Place)
	orders := app.Publisher("orders.place")
	parley.Replies(app, "receipts", books.Take)
	start(t, app)
	ctx := t.Context()
	require.NoError(t, orders.Publish(ctx, order, parley.ReplyTo("receipts"), parley.Token("invoice-17")))
	require.Eventually(t, func() bool { return app.Stats().Handled == 1 }, 30*time.Second, time.Millisecond)

	worker := parley.New(broker, quiet)
	start(t, worker)
	require.NoError(t, desk.Decide(ctx, worker, "o1", true))
	require.Equal(t, "invoice-17 paid with order o1", <-books.entries)
	require.NoError(t, desk.Decide(ctx, worker, "o1", false))
	require.Equal(t, "invoice-17 failed: not today", <-books.entries)
}
