package parley

import (
	"time"

	"github.com/parley-go/parley/transport"
)

// Status says how an app stands as a whole. Its text may be shown and stored.
type Status string

// The states of an app.
const (
	// StatusNotStarted says that the app was never started.
	StatusNotStarted Status = "not started"
	// StatusStarting says that Start is at work; it may be waiting for the broker.
	StatusStarting Status = "starting"
	// StatusUp says that every subscriber consumes and publishing is possible.
	StatusUp Status = "up"
	// StatusDegraded says that the app runs and something is not up. It mends itself
	// where that is possible.
	StatusDegraded Status = "degraded"
	// StatusStopping says that Stop is at work.
	StatusStopping Status = "stopping"
	// StatusStopped says that the last run is over, or the last Start did not succeed.
	StatusStopped Status = "stopped"
)

// State says how a connection or a subscriber stands: "connecting", "up",
// "blocked", "reconnecting" or "closed".
type State = transport.State

// The states of connections and subscribers.
const (
	// StateConnecting says that it has never been up in this run.
	StateConnecting = transport.StateConnecting
	// StateUp says that it works.
	StateUp = transport.StateUp
	// StateBlocked says that the broker takes no publications on this connection.
	StateBlocked = transport.StateBlocked
	// StateReconnecting says that it was up and is being made again.
	StateReconnecting = transport.StateReconnecting
	// StateClosed says that it is over. A subscriber without an error was stopped.
	StateClosed = transport.StateClosed
)

// Health is what an app knows of itself, for people and for probes. It is a
// copy; its JSON form is stable. Errors are texts without credentials, but
// with the broker's addresses and the names of queues.
type Health struct {
	// App and Version are those of [Info].
	App     string `json:"app,omitempty"`
	Version string `json:"version,omitempty"`
	Status  Status `json:"status"`
	// Since is from when on it has been so; the zero time before the first start.
	Since time.Time `json:"since,omitzero"`
	// Connections are the network connections in the order in which they first
	// did something. Never nil.
	Connections []ConnectionHealth `json:"connections"`
	// Subscribers are those of this run, or of the last one, in the order of
	// their declaration. Never nil.
	Subscribers []SubscriberHealth `json:"subscribers"`
}

// ConnectionHealth is how one connection stands.
type ConnectionHealth struct {
	// Name is what the broker lists it under.
	Name  string    `json:"name"`
	State State     `json:"state"`
	Since time.Time `json:"since"`
	// Reconnects counts from the start of the run.
	Reconnects int `json:"reconnects"`
	// Error is why it is not up, empty while it is.
	Error string `json:"error,omitempty"`
	// Auxiliary says that the app's status does not depend on it.
	Auxiliary bool `json:"auxiliary,omitempty"`
}

// SubscriberHealth is how one subscriber stands.
type SubscriberHealth struct {
	Address string `json:"address"`
	// Queue is the name at the broker, empty while the broker has yet to choose it.
	Queue string    `json:"queue"`
	State State     `json:"state"`
	Since time.Time `json:"since"`
	// Recoveries counts from the start of the run.
	Recoveries int `json:"recoveries"`
	// Error is why it does not consume, empty while it does and when it was
	// stopped by [Subscriber.Stop].
	Error string `json:"error,omitempty"`
	// PausedSince is when its [KillSwitch] paused it, nil while it does not. A
	// paused subscriber is no reason for the app not to be ready.
	PausedSince *time.Time `json:"paused_since,omitempty"`
}

// Ready reports whether the app does its work now: it runs, every subscriber
// that was not stopped on purpose consumes, and the broker takes publications.
func (h Health) Ready() bool { return h.Status == StatusUp }

// Live reports whether the app can still come to do its work: false once it is
// stopped. An app that has lost its broker, or was refused by it, is alive: it
// tries for ever, and a new process would fare no better.
func (h Health) Live() bool { return h.Status != StatusStopped }

// Health returns how the app, its connections and its subscribers stand and
// since when. It does no I/O and never waits, so a probe may call it at any
// rate, also while [App.Start] waits for the broker.
func (a *App) Health() Health {
	h := Health{
		App: a.settings.name, Version: a.settings.version, Status: StatusNotStarted,
		Connections: []ConnectionHealth{}, Subscribers: []SubscriberHealth{},
	}
	if w := a.watch.Load(); w != nil {
		w.fill(&h)
	}
	return h
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
