package transport

import (
	"context"
	"log/slog"
	"time"
)

// State says how a link or a consumer stands. Its text may be shown and stored.
type State string

const (
	// StateConnecting says that it has never been up.
	StateConnecting State = "connecting"
	// StateUp says that it works.
	StateUp State = "up"
	// StateBlocked says that the link is up and the broker takes no publications on it.
	StateBlocked State = "blocked"
	// StateReconnecting says that it was up, is not, and is being made again.
	StateReconnecting State = "reconnecting"
	// StateClosed says that it ended and does not come back.
	StateClosed State = "closed"
)

// Status is how a link or a consumer stands.
type Status struct {
	// Connection names the link, as in the broker's listings; empty for a consumer.
	Connection string
	// Queue is the queue that a consumer reads, as the broker knows it once it has
	// accepted the consumer; empty for a link.
	Queue string
	// State is what it is now, and Since the time from which on.
	State State
	Since time.Time
	// Err is why it is not up, without credentials: of a blocked link the
	// broker's reason, of one that is being made again the latest failure. It is
	// nil while up and when closed.
	Err error
	// Recoveries is how often it came up again.
	Recoveries int
	// Auxiliary marks a link without which publishing and consuming go on.
	Auxiliary bool
}

// Tracker keeps the status of one link or consumer, logs each change under the
// same name on every transport, and hands it on. Its methods are for one
// goroutine at a time.
type Tracker struct {
	log      *slog.Logger
	onStatus func(from State, now Status)
	now      Status
}

// NewTracker returns a tracker of what begins says, which is
// [StateConnecting] from now on. onStatus is called for each change after that
// and may be nil.
func NewTracker(begins Status, log *slog.Logger, onStatus func(from State, now Status)) *Tracker {
	if onStatus == nil {
		onStatus = func(State, Status) {}
	}
	begins.State, begins.Since = StateConnecting, time.Now()
	return &Tracker{log: log, onStatus: onStatus, now: begins}
}

// Up says that it works. details are further fields of the log.
func (t *Tracker) Up(details ...slog.Attr) { t.to(StateUp, nil, details...) }

// Consuming says that a consumer reads from queue.
func (t *Tracker) Consuming(queue string) {
	t.now.Queue = queue
	t.to(StateUp, nil)
}

// Blocked says that the broker takes no publications, and its reason.
func (t *Tracker) Blocked(reason error) { t.to(StateBlocked, reason) }

// Lost says that it is not up, or that an attempt to bring it up failed.
func (t *Tracker) Lost(err error) {
	if t.now.State == StateConnecting {
		t.to(StateConnecting, err)
		return
	}
	t.to(StateReconnecting, err)
}

// Closed says that its owner closed it. Nothing is told of after that.
func (t *Tracker) Closed() { t.to(StateClosed, nil) }

func (t *Tracker) to(s State, err error, details ...slog.Attr) {
	from := t.now.State
	if from == StateClosed || from == s && (err == nil || s == StateBlocked) {
		return
	}
	if from != s {
		t.now.Since = time.Now()
	}
	if s == StateUp && from == StateReconnecting {
		t.now.Recoveries++
	}
	t.now.State, t.now.Err = s, err
	t.record(from, details)
	t.onStatus(from, t.now)
}

// record logs a change.
func (t *Tracker) record(from State, details []slog.Attr) {
	level, what := event(from, &t.now)
	fields := make([]slog.Attr, 0, 3+len(details))
	if t.now.Connection != "" {
		fields = append(fields, slog.String("connection", t.now.Connection))
	} else {
		fields = append(fields, slog.String("queue", t.now.Queue))
	}
	if t.now.Err != nil {
		fields = append(fields, slog.Any("error", t.now.Err))
	}
	if t.now.State == StateUp && t.now.Recoveries > 0 {
		fields = append(fields, slog.Int("recoveries", t.now.Recoveries))
	}
	t.log.LogAttrs(context.Background(), level, "parley: "+what, append(fields, details...)...)
}

// event names a change and says how much it matters. A loss is a warning: it
// mends itself.
func event(from State, now *Status) (slog.Level, string) {
	if now.Connection == "" {
		return consumerEvent(from, now)
	}
	switch {
	case now.State == StateUp && from == StateBlocked:
		return slog.LevelInfo, "publishing unblocked"
	case now.State == StateUp:
		return slog.LevelInfo, "connected"
	case now.State == StateBlocked:
		return slog.LevelWarn, "publishing blocked"
	case now.State == StateClosed:
		return slog.LevelInfo, "connection closed"
	case now.State == from:
		return slog.LevelWarn, "connection attempt failed"
	default:
		return slog.LevelWarn, "connection lost"
	}
}

func consumerEvent(from State, now *Status) (slog.Level, string) {
	switch {
	case now.State == StateUp && now.Recoveries > 0:
		return slog.LevelInfo, "consuming again"
	case now.State == StateUp:
		return slog.LevelDebug, "consuming"
	case now.State == StateClosed:
		return slog.LevelDebug, "consumer stopped"
	case now.State == from:
		return slog.LevelWarn, "attempt to consume failed"
	default:
		return slog.LevelWarn, "consumer lost"
	}
}
