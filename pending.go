package parley

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// DefaultDue is how long the answer to a tracked message may take, see [Due].
const DefaultDue = 24 * time.Hour

// Pending is a message that was sent and whose answer has not come yet.
type Pending struct {
	// CorrelationID identifies the message, on the wire too.
	CorrelationID string
	// Token is what it was sent with, see [Token].
	Token string
	// Address is where it was sent: a queue, or a routing key of Exchange.
	Address, Exchange string
	// ReplyTo is the queue that the answer goes to.
	ReplyTo string
	// Sent is when it was sent, and Due when its answer becomes overdue. A store
	// keeps them to the millisecond at least.
	Sent, Due time.Time
}

// PendingStore keeps what [Track] gives it, so that overdue answers are found.
// [NewMemoryPending] is one for a single process, package parleysql has one in a
// database. Its methods are called concurrently; calls from parley have contexts
// that end after 10 seconds at the latest, and a panic is an error.
type PendingStore interface {
	// Add keeps p, which has an id of its own. It is called before the message is
	// sent: with an error nothing is sent, and the store may have it or not.
	Add(ctx context.Context, p Pending) error
	// Done forgets the message of that id, and reports whether it was there.
	Done(ctx context.Context, correlationID string) (bool, error)
	// Overdue returns the messages that were due before that time, the earliest
	// first, at most limit of them. With a limit below 1 there are none.
	Overdue(ctx context.Context, before time.Time, limit int) ([]Pending, error)
}

// TrackOption is both: an option of sending and one of [Replies].
type TrackOption interface {
	SendOption
	SubscriberOption
	tracks()
}

// Track keeps in store which messages with a [Token] are not answered yet, to
// find those that never are by [PendingStore.Overdue]. It is given to the
// publisher and to [Replies], or to [New] for both. Messages without a token are
// not tracked; with one call that has none it is an error.
//
// A message is added before it is sent, and removed at once when it certainly
// was not: a crash in between leaves an entry too many, never one too few. It is
// removed again when the function of Replies has returned nil for the answer, an
// error reply too. When the store fails then, that is logged: the entry stays
// and will be overdue. So an overdue entry says that no answer was recorded;
// whether to ask again is for its finder to decide, who then calls Done. For the
// answer in pieces of a stream the first one counts.
//
// Of nil it ends what an outer scope has set.
func Track(store PendingStore) TrackOption { return trackOption{store} }

type trackOption struct{ store PendingStore }

func (trackOption) tracks() {}

func (trackOption) String() string { return "parley.Track(…)" }

func (o trackOption) applySend(s *sendSettings) { s.pending, s.trackGiven = o.store, o.store != nil }

func (o trackOption) applySubscriber(s *subscriberSettings) { s.pending = o.store }

func (o trackOption) applyApp(s *appSettings) {
	o.applySend(&s.send)
	o.applySubscriber(&s.subscriber)
}

// Due is how long the answer to a message under [Track] may take before it is
// overdue, [DefaultDue] by default. It ends nothing: a later answer still counts.
func Due(d time.Duration) SendOption {
	return sendOption{fmt.Sprintf("parley.Due(%v)", d), func(s *sendSettings) { s.due, s.trackGiven = d, true }}
}

// checkTrack refuses to track what cannot be found again.
func (s *sendSettings) checkTrack() error {
	switch {
	case !s.trackGiven:
		return nil
	case s.token == nil:
		return &topology.Error{Wanted: "a token for a message under parley.Track", Got: "none", Hint: `add parley.Token; parley.Token("") is one`}
	case s.pending == nil:
		return &topology.Error{Wanted: "parley.Track for parley.Due", Got: "none", Hint: "say which store keeps it"}
	}
	return nil
}

// track adds a message that is about to be sent. The result takes the outcome;
// it is nil for a message that is not tracked.
func (b *binding) track(ctx context.Context, out *outgoing, m *Message) (outcome func(error), err error) {
	store := out.settings.pending
	if store == nil || out.settings.token == nil {
		return nil, nil
	}
	now := time.Now()
	p := Pending{
		CorrelationID: m.CorrelationID, Token: *out.settings.token, Address: m.Address, Exchange: m.Exchange, ReplyTo: m.ReplyTo,
		Sent: now, Due: now.Add(out.settings.due),
	}
	if err := askStore(ctx, func(ctx context.Context) error { return store.Add(ctx, p) }); err != nil {
		return nil, fmt.Errorf("%w: the store of pending messages: %w", ErrNotSent, err)
	}
	return func(err error) {
		if certainlyNotStored(err) {
			b.app.answered(ctx, store, p.CorrelationID)
		}
	}, nil
}

// certainlyNotStored reports whether err says that nobody got the message.
func certainlyNotStored(err error) bool {
	if errors.Is(err, ErrOutcomeUnknown) {
		return false
	}
	for _, outcome := range [...]error{ErrNotSent, ErrNoRoute, ErrRefused, ErrBlocked, transport.ErrClosed} {
		if errors.Is(err, outcome) {
			return true
		}
	}
	return false
}

// answered removes a message from the store, also when ctx has ended.
func (a *App) answered(ctx context.Context, store PendingStore, correlationID string) {
	err := askStore(context.WithoutCancel(ctx), func(ctx context.Context) error {
		_, err := store.Done(ctx, correlationID)
		return err
	})
	if err != nil {
		a.settings.logger.LogAttrs(ctx, slog.LevelError, "parley: store of pending messages did not forget one",
			slog.String("correlation_id", correlationID), slog.Any("error", err))
	}
}
