package parley

import (
	"slices"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
)

// watch is what one run knows of its connections and subscribers. It begins
// before there is a connection.
type watch struct {
	events *events
	stats  *stats

	mu sync.Mutex
	// status is never StatusDegraded, which is seen from the parts.
	status      Status
	since       time.Time
	links       []transport.Status
	subscribers []*watched
}

// watched is a subscriber with its latest status.
type watched struct {
	receiver *receiver
	now      transport.Status
}

func newWatch(observers []func(Event), s *stats) *watch {
	return &watch{events: newEvents(observers), stats: s, status: StatusStarting, since: time.Now()}
}

func (w *watch) set(s Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status, w.since = s, time.Now()
}

// link takes what the transport tells of a connection.
func (w *watch) link(from State, now transport.Status) {
	w.keep(now)
	if from == StateReconnecting && now.State == StateUp {
		w.stats.reconnects.Add(1)
	}
	for _, kind := range linkEvents(from, now.State) {
		w.events.add(Event{Kind: kind, Time: time.Now(), Connection: now.Connection, Err: now.Err})
	}
}

func (w *watch) keep(now transport.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.links, func(l transport.Status) bool { return l.Connection == now.Connection })
	if i < 0 {
		w.links = append(w.links, now)
		return
	}
	w.links[i] = now
}

// expect makes room for a subscriber that is about to begin.
func (w *watch) expect(r *receiver) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subscribers = append(w.subscribers, &watched{receiver: r, now: transport.Status{
		Queue: r.topology.Queue.Name, State: StateConnecting, Since: time.Now(),
	}})
}

// of returns what takes the transport's reports about a subscriber.
func (w *watch) of(r *receiver) func(from State, now transport.Status) {
	return func(from State, now transport.Status) {
		w.update(r, now)
		for _, kind := range subscriberEvents(from, now.State) {
			w.events.add(Event{
				Kind: kind, Time: time.Now(), Address: r.template.String(), Queue: now.Queue, Err: now.Err,
			})
		}
	}
}

func (w *watch) update(r *receiver, now transport.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.subscribers {
		if s.receiver == r {
			s.now = now
		}
	}
}

// failed says that a subscriber did not begin and will not.
func (w *watch) failed(r *receiver, err error) {
	w.update(r, transport.Status{Queue: r.topology.Queue.Name, State: StateClosed, Since: time.Now(), Err: err})
}

// fill completes h.
func (w *watch) fill(h *Health) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h.Status, h.Since = w.overall()
	for _, l := range w.links {
		h.Connections = append(h.Connections, ConnectionHealth{
			Name: l.Connection, State: l.State, Since: l.Since,
			Reconnects: l.Recoveries, Error: errorText(l.Err), Auxiliary: l.Auxiliary,
		})
	}
	for _, s := range w.subscribers {
		h.Subscribers = append(h.Subscribers, SubscriberHealth{
			Address: s.receiver.template.String(), Queue: s.now.Queue, State: s.now.State, Since: s.now.Since,
			Recoveries: s.now.Recoveries, Error: errorText(s.now.Err), PausedSince: s.receiver.pausedSince(),
		})
	}
}

// overall is the status that follows from the parts: degraded since the first
// of those that are not up, up since the last one came up.
func (w *watch) overall() (Status, time.Time) {
	if w.status != StatusUp {
		return w.status, w.since
	}
	up, degraded := w.since, time.Time{}
	part := func(s *transport.Status) {
		stopped := s.State == StateClosed && s.Err == nil && s.Connection == ""
		switch {
		case s.Auxiliary || stopped:
		case s.State != StateUp && (degraded.IsZero() || s.Since.Before(degraded)):
			degraded = s.Since
		case s.State == StateUp && s.Since.After(up):
			up = s.Since
		}
	}
	for i := range w.links {
		part(&w.links[i])
	}
	for _, s := range w.subscribers {
		part(&s.now)
	}
	if !degraded.IsZero() {
		return StatusDegraded, degraded
	}
	return StatusUp, up
}

// blocked reports whether the broker takes no publications on a connection.
func (w *watch) blocked() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.links, func(l transport.Status) bool { return l.State == StateBlocked })
}
