package parley_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// paired is a transport whose connections confirm nothing to an error queue's
// reader before two messages were published.
type paired struct {
	transport.Transport
	gate *gate
}

type gate struct {
	mu     sync.Mutex
	on     bool
	count  int
	opened chan struct{}
}

// pass counts a publication; the result is closed with the second one.
func (g *gate) pass() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.on {
		if g.count++; g.count == 2 {
			close(g.opened)
		}
		return g.opened
	}
	return nil
}

func (p paired) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	c, err := p.Transport.Connect(ctx, s)
	if err != nil {
		return nil, err
	}
	return pairedConn{c, c.(transport.QueueInspector), p.gate}, nil
}

type pairedConn struct {
	transport.Conn
	transport.QueueInspector
	gate *gate
}

func (c pairedConn) Publish(ctx context.Context, p *transport.Publication) (transport.Confirmation, error) {
	inner, err := c.Conn.Publish(ctx, p)
	opened := c.gate.pass()
	if err != nil || opened == nil {
		return inner, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-opened
		<-inner.Done()
	}()
	return pairedConfirmation{inner, done}, nil
}

type pairedConfirmation struct {
	transport.Confirmation
	done chan struct{}
}

func (c pairedConfirmation) Done() <-chan struct{} { return c.done }

// A replay publishes on while earlier messages wait for their confirms.
func TestReplayDoesNotWaitForEachConfirm(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		g := &gate{opened: make(chan struct{})}
		w.transport = paired{w.transport, g}
		p := newPatient(w, 10)
		p.cured.Store(true)
		g.mu.Lock()
		g.on = true
		g.mu.Unlock()
		n, err := p.errors.Replay(w.ctx(), nil)
		require.NoError(w, err)
		require.Equal(w, 10, n)
		for _, want := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"} {
			require.Equal(w, want, next(w, p.handled))
		}
		p.depth(0)
	})
}
