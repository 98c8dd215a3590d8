package parleytest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
)

// Broker makes the broker misbehave towards the apps under test, on memory and
// on RabbitMQ. What the test itself sends, and its stubs, are spared. Its methods
// may be called concurrently.
type Broker struct {
	service *Service

	mu       sync.Mutex
	outcomes []error
	// gate is closed by Unblock; nil while nothing is blocked.
	gate chan struct{}
	slow time.Duration
	// stalled is set by StallStreams.
	stalled bool
}

// RefuseNext refuses the next n messages, as a full queue does: their sender
// gets [parley.ErrRefused].
func (b *Broker) RefuseNext(n int) { b.next(n, transport.ErrRefused) }

// NoRouteNext finds no queue for the next n messages: their sender gets
// [parley.ErrNoRoute].
func (b *Broker) NoRouteNext(n int) { b.next(n, transport.ErrNoRoute) }

func (b *Broker) next(n int, outcome error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		b.outcomes = append(b.outcomes, outcome)
	}
}

// Block takes no message until [Broker.Unblock], as during a memory alarm. A
// sender whose context ends first gets [parley.ErrBlocked].
func (b *Broker) Block() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gate == nil {
		b.gate = make(chan struct{})
	}
}

// Unblock ends [Broker.Block].
func (b *Broker) Unblock() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gate != nil {
		close(b.gate)
		b.gate = nil
	}
}

// Slow makes every publication and every delivery take d longer; 0 ends it.
func (b *Broker) Slow(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slow = d
}

// Disconnect ends all sessions, as when the network fails, those of the test
// included, and returns when they have recovered. Unsettled messages are
// delivered again. It needs memory, or a RabbitMQ that the environment names
// without TLS.
func (b *Broker) Disconnect() {
	w := b.service.world
	b.service.t.Helper()
	switch {
	case w.memory != nil:
		w.memory.Disconnect()
	case w.proxy != nil:
		before := w.reconnects()
		w.proxy.Reset()
		if !w.eventually(func() bool { return recovered(before, w.reconnects()) }) {
			b.service.failf("the apps did not recover within %v", w.patience)
		}
	default:
		b.service.failf("cannot disconnect from %s; hint: leave parleytest.On out", w.below)
	}
}

// reconnects counts by connection, -1 for one that is not up.
func (w *world) reconnects() map[string]int {
	counts := map[string]int{}
	for _, p := range w.running() {
		for _, c := range p.app.Health().Connections {
			if c.Auxiliary {
				continue
			}
			n := c.Reconnects
			if c.State != transport.StateUp {
				n = -1
			}
			counts[p.name+" "+c.Name] = n
		}
		for _, s := range p.app.Health().Subscribers {
			if s.State != transport.StateUp {
				counts[p.name+" "+s.Address] = -1
			}
		}
	}
	return counts
}

func recovered(before, now map[string]int) bool {
	for name, n := range now {
		if n < 0 || n <= before[name] {
			return false
		}
	}
	return true
}

// intercept waits while the broker blocks, and applies what it does with p.
// done says that p goes no further, with err as its outcome when that is
// ErrRefused or ErrNoRoute.
func (b *Broker) intercept(ctx context.Context, p *transport.Publication) (done bool, err error) {
	b.delay(ctx)
	for {
		gate, outcome := b.take()
		if gate == nil {
			return outcome != nil, outcome
		}
		select {
		case <-gate:
			if p.Timed != nil {
				p.Timed.Refresh(p.Message)
			}
		case <-ctx.Done():
			return true, fmt.Errorf("parleytest: %w: %w", transport.ErrBlocked, context.Cause(ctx))
		}
	}
}

func (b *Broker) take() (gate chan struct{}, outcome error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gate != nil || len(b.outcomes) == 0 {
		return b.gate, nil
	}
	outcome = b.outcomes[0]
	b.outcomes = b.outcomes[1:]
	return nil, fmt.Errorf("parleytest: %w", outcome)
}

// delay waits as long as the broker is slow.
func (b *Broker) delay(ctx context.Context) {
	b.mu.Lock()
	d := b.slow
	b.mu.Unlock()
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// refusedOr turns the outcome of intercept into that of Publish.
func refusedOr(err error) (transport.Confirmation, error) {
	if isOutcome(err) {
		return transport.Settled{Outcome: err}, nil
	}
	return nil, err
}
