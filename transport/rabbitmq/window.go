package rabbitmq

import (
	"context"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// maxUnconfirmed bounds the publications of one channel that the broker has
	// not confirmed: it may gather many of them for one write to its disk. The
	// client library looks through all of them for each confirm of several, and
	// the broker keeps account of them too: a burst of tens of thousands would
	// make every later message slow.
	maxUnconfirmed = 1024
	// maxItems bounds the items of streams among them, which the broker confirms as
	// soon as it has passed them on. More of them only stand in its sockets and
	// processes, where a message costs it the more CPU time the more there are
	// before it: of 1 KB, with 1024 twice as much as with 128.
	maxItems = 128
	// patience is how long a publication waits for a place. It goes on without
	// one then: the broker may never confirm what is in it, as when a quorum
	// queue has lost its majority, and other queues must not stand still for that.
	patience = time.Second
	// glances is how many places are looked at before one is waited for.
	glances = 8
)

// windows are those of one channel. Items have one of their own, so that nothing
// else waits for them: an answer, or what says how far a stream may go.
type windows struct{ messages, items *window }

func newWindows() windows {
	return windows{messages: newWindow(maxUnconfirmed), items: newWindow(maxItems)}
}

// of returns the window for a publication.
func (w windows) of(o *outgoing) *window {
	if o.item {
		return w.items
	}
	return w.messages
}

// window lets so many publications be unconfirmed at once as it has places. A
// place is free again when the publication that was last in it is confirmed.
type window struct {
	next   atomic.Uint64
	places []place
}

// place is held by whoever has its token.
type place struct {
	token chan struct{}
	last  *amqp.DeferredConfirmation
}

func newWindow(places int) *window {
	w := &window{places: make([]place, places)}
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
		p = &w.places[w.next.Add(1)%uint64(len(w.places))]
		if p.try() {
			return p, nil
		}
	}
	return p.wait(ctx)
}

// wait takes the place when it is free. Who has waited long enough takes it as it
// is, and nil while somebody holds it.
func (p *place) wait(ctx context.Context) (*place, error) {
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
