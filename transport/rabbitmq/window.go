package rabbitmq

import (
	"context"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// maxUnconfirmed bounds the publications of one channel that the broker has
	// not confirmed. The client library looks through all of them for each
	// confirm of several, and the broker keeps account of them too: a burst of
	// tens of thousands would make every later message slow.
	maxUnconfirmed = 1024
	// patience is how long a publication waits for a place. It goes on without
	// one then: the broker may never confirm what is in it, as when a quorum
	// queue has lost its majority, and other queues must not stand still for that.
	patience = time.Second
	// glances is how many places are looked at before one is waited for.
	glances = 8
)

// window lets maxUnconfirmed publications be unconfirmed at once. A place is free
// again when the publication that was last in it is confirmed.
type window struct {
	next   atomic.Uint64
	places [maxUnconfirmed]place
}

// place is held by whoever has its token.
type place struct {
	token chan struct{}
	last  *amqp.DeferredConfirmation
}

func newWindow() *window {
	w := new(window)
	for i := range w.places {
		w.places[i].token = make(chan struct{}, 1)
	}
	return w
}

// enter waits for a place, which the caller leaves with what it published. It
// is nil for a caller that goes without one.
func (w *window) enter(ctx context.Context) (*place, error) {
	var p *place
	for range glances {
		p = &w.places[w.next.Add(1)%maxUnconfirmed]
		if p.try() {
			return p, nil
		}
	}
	waited := time.NewTimer(patience)
	defer waited.Stop()
	select {
	case p.token <- struct{}{}:
	case <-waited.C:
		return nil, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if p.last == nil {
		return p, nil
	}
	select {
	case <-p.last.Done():
	case <-waited.C:
	case <-ctx.Done():
		p.leave(p.last)
		return nil, context.Cause(ctx)
	}
	return p, nil
}

// try takes the place if it is free.
func (p *place) try() bool {
	select {
	case p.token <- struct{}{}:
	default:
		return false
	}
	if p.last == nil || resolved(p.last) {
		return true
	}
	p.leave(p.last)
	return false
}

// leave gives the place up; last is what is still unconfirmed in it, or nil.
func (p *place) leave(last *amqp.DeferredConfirmation) {
	if p == nil {
		return
	}
	p.last = last
	<-p.token
}

func resolved(d *amqp.DeferredConfirmation) bool {
	select {
	case <-d.Done():
		return true
	default:
		return false
	}
}
