package parley

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events.
const (
	// EventConnected says that a connection is up, for the first time or again.
	EventConnected EventKind = "connected"
	// EventDisconnected says that a connection that was up is not; Err is nil when the app
	// closed it.
	EventDisconnected EventKind = "disconnected"
	// EventBlocked says that the broker takes no publications on a connection.
	EventBlocked EventKind = "blocked"
	// EventUnblocked says that it takes them again.
	EventUnblocked EventKind = "unblocked"
	// EventSubscriberUp says that a subscriber consumes, for the first time or again.
	EventSubscriberUp EventKind = "subscriber up"
	// EventSubscriberDown says that a subscriber that consumed does not; Err is nil when it
	// was stopped.
	EventSubscriberDown EventKind = "subscriber down"
)

// Event is a change of a connection or of a subscriber.
type Event struct {
	Kind EventKind
	// Time is when it happened, by the clock of this process.
	Time time.Time
	// Connection is the name of the connection, empty for a subscriber.
	Connection string
	// Address and Queue are the subscriber's, empty for a connection.
	Address, Queue string
	// Err is the reason, nil where there is none. It holds no credentials.
	Err error
	// Missed is how many events were dropped before this one because the
	// function was too slow.
	Missed int
}

// maxEvents bounds the events that wait for a slow observer.
const maxEvents = 1024

// OnEvent gives f the app's events, in their order and one at a time, from a
// goroutine of its own: a slow f holds nothing up. When 1024 events wait the
// oldest is dropped, see [Event].Missed. [App.Stop] waits for the last events
// within its context, so f must not start or stop the app itself. A panic of f
// is logged. Several OnEvent add up.
func OnEvent(f func(Event)) Option {
	return appOption{"parley.OnEvent(…)", func(s *appSettings) { s.observers = append(s.observers, f) }}
}

// linkEvents are the events of a connection's change of state.
func linkEvents(from, to State) []EventKind {
	var kinds []EventKind
	wasUp := from == StateUp || from == StateBlocked
	isUp := to == StateUp || to == StateBlocked
	switch {
	case isUp && !wasUp:
		kinds = append(kinds, EventConnected)
	case wasUp && !isUp:
		kinds = append(kinds, EventDisconnected)
	}
	switch {
	case to == StateBlocked && from != StateBlocked:
		kinds = append(kinds, EventBlocked)
	case from == StateBlocked && to == StateUp:
		kinds = append(kinds, EventUnblocked)
	}
	return kinds
}

// subscriberEvents are the events of a subscriber's change of state.
func subscriberEvents(from, to State) []EventKind {
	switch {
	case to == StateUp && from != StateUp:
		return []EventKind{EventSubscriberUp}
	case from == StateUp && to != StateUp:
		return []EventKind{EventSubscriberDown}
	}
	return nil
}

// events stand between the transport, which must not wait, and the observers.
type events struct {
	observers []func(Event)
	// panicked is told of what an observer panicked with.
	panicked func(error)

	mu      sync.Mutex
	waiting []Event
	over    bool
	// wake holds a token when there is something to do.
	wake chan struct{}
	// done is closed when the last event is delivered.
	done chan struct{}
}

func newEvents(observers []func(Event)) *events {
	return &events{observers: observers, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// begin starts delivering; end ends it.
func (e *events) begin(panicked func(error)) {
	e.panicked = panicked
	if len(e.observers) == 0 {
		close(e.done)
		return
	}
	go e.run()
}

func (e *events) add(v Event) {
	if len(e.observers) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) == maxEvents {
		missed := e.waiting[0].Missed + 1
		e.waiting = e.waiting[1:]
		e.waiting[0].Missed += missed
	}
	e.waiting = append(e.waiting, v)
	e.signal()
}

func (e *events) signal() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// end waits until all events are delivered, or ctx ends.
func (e *events) end(ctx context.Context) error {
	e.mu.Lock()
	e.over = true
	e.mu.Unlock()
	e.signal()
	select {
	case <-e.done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-e.done:
		return nil
	default:
		return fmt.Errorf("a function given to OnEvent still runs: %w", context.Cause(ctx))
	}
}

func (e *events) run() {
	defer close(e.done)
	for range e.wake {
		for {
			v, over, ok := e.next()
			if ok {
				e.deliver(v)
				continue
			}
			if over {
				return
			}
			break
		}
	}
}

func (e *events) next() (v Event, over, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) == 0 {
		return v, e.over, false
	}
	v = e.waiting[0]
	e.waiting = e.waiting[1:]
	return v, e.over, true
}

func (e *events) deliver(v Event) {
	for _, f := range e.observers {
		if err := recovered(func() error { f(v); return nil }); err != nil {
			e.panicked(err)
		}
	}
}
