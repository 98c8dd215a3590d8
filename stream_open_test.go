package parley_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// inboxFault is a transport whose connections may have no inbox.
type inboxFault struct {
	transport.Transport
	fault func() error
}

type inboxFaultConn struct {
	transport.Conn
	transport.ReplyClassifier
	inboxes transport.Inboxes
	fault   func() error
}

func (f inboxFault) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	c, err := f.Transport.Connect(ctx, s)
	if err != nil {
		return nil, err
	}
	classifier, _ := c.(transport.ReplyClassifier)
	inboxes, _ := c.(transport.Inboxes)
	return &inboxFaultConn{c, classifier, inboxes, f.fault}, nil
}

func (c *inboxFaultConn) Inbox(ctx context.Context) (transport.Inbox, error) {
	if err := c.fault(); err != nil {
		return transport.Inbox{}, fmt.Errorf("%w: %w", transport.ErrNotSent, err)
	}
	return c.inboxes.Inbox(ctx)
}

// faulty is the world of a service whose connection may have no inbox.
func (w *world) faulty(fault func() error) *world {
	return &world{T: w.T, transport: inboxFault{w.transport, fault}, name: w.name, log: w.log}
}

// A service that may not have an inbox tells so; it does not try for ever.
func TestStreamThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service := w.faulty(func() error { return &transport.PermanentError{Err: errors.New("no right to have an inbox")} }).app()
		ran := make(chan int, 100)
		service.Subscriber(w.at("parts"), func(n int) iter.Seq[part] {
			ran <- n
			return upload(n)
		})
		w.start(service)
		client := w.app()
		parts := client.Publisher(w.at("parts"))
		w.start(client)
		var got []error
		for _, err := range parley.Stream[part](w.ctx(), parts, 3) {
			got = append(got, err)
		}
		require.Len(w, got, 1)
		require.Equal(w, parley.CodeInternal, parley.CodeOf(got[0]), "%v", got[0])
		require.Contains(w, w.log.String(), "no right to have an inbox")
		nothing(w, ran)
	})
}

// A claim made for a run that did not come about is given up: the next delivery
// is handled.
func TestClaimOfAStreamThatDidNotOpen(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		var asked atomic.Int32
		service := w.faulty(func() error {
			if asked.Add(1) == 1 {
				return errors.New("not now")
			}
			return nil
		}).app()
		service.Subscriber(w.at("once"), total, parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})))
		w.start(service)
		client := w.app()
		once := client.Publisher(w.at("once"))
		w.start(client)
		got, err := parley.Request[int](w.ctx(), once, upload(3), parley.MessageID("same"))
		require.NoError(w, err)
		require.Equal(w, 6, got)
		require.Greater(w, asked.Load(), int32(1))
	})
}
