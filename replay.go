package parley

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// Replay publishes those messages again that filter chooses, all with a nil
// filter, the oldest first, and returns how many. Each one is published
// mandatory and persistent to the exchange and address that it first came with,
// or where the options say; once the broker has confirmed that, it is removed
// from the error queue. (Back in an exchange, every queue bound there gets it
// again; [ReplayTo] sends it to the one that failed.) It keeps id, body,
// properties and headers, reply address included, but not the failure's and the
// broker's own: its attempts count anew. Send middleware does not see it.
//
// A message that cannot be published stays in the error queue, and the others go
// on; the error is then a [*ReplayError]. It is one too when ctx or the session
// ended first. A message whose confirm did not come, or that was confirmed and
// not removed before a crash or a lost session, is in both places: the same id
// may be handled twice. None is lost. A message that fails again comes to the
// end of the error queue and is not replayed by this call.
//
// Up to 64 messages at a time wait for their confirms, when ctx has ended for 2
// seconds more at the most; order is kept among those replayed. filter runs on the caller's goroutine and may keep what it is given.
func (q *FailedQueue) Replay(ctx context.Context, filter func(*FailedMessage) bool, opts ...ReplayOption) (int, error) {
	settings := replaySettings{}
	for _, o := range opts {
		o.applyReplay(&settings)
	}
	if settings.fault != nil {
		return 0, q.explain(settings.fault)
	}
	if _, _, err := q.running(); err != nil {
		return 0, err
	}
	r := replay{queue: q, settings: settings, filter: filter, end: func() {}}
	defer func() { r.end() }()
	r.report.Err = q.scanAhead(ctx, replayAhead, func(run *run, f *FailedMessage) (func() transport.Verdict, bool) {
		return r.visit(ctx, run, f)
	})
	if r.report.Err != nil || len(r.report.Failures) > 0 {
		return r.report.Replayed, &r.report
	}
	return r.report.Replayed, nil
}

// ReplayOne replays the oldest message with that id, see [FailedQueue.Replay].
// Without one the error is [ErrNoFailedMessage].
func (q *FailedQueue) ReplayOne(ctx context.Context, id string, opts ...ReplayOption) error {
	byID := func(f *FailedMessage) bool { return f.Message.ID == id }
	n, err := q.Replay(ctx, byID, append(slices.Clip(opts), ReplayLimit(1))...)
	if n == 0 && err == nil {
		err = q.explain(fmt.Errorf("message %q: %w", id, ErrNoFailedMessage))
	}
	return err
}

const (
	// replayAhead bounds the messages that are published and not confirmed.
	replayAhead = 64
	// replayGrace is how long the confirms of what is published are waited for
	// when ctx has ended: without them it stays in both places.
	replayGrace = 2 * time.Second
)

// replay is one call of Replay.
type replay struct {
	queue    *FailedQueue
	settings replaySettings
	filter   func(*FailedMessage) bool
	tried    int
	report   ReplayError
	// grace is what is left of replayGrace; nil before ctx has ended.
	grace context.Context
	end   context.CancelFunc
}

// confirmed waits for the outcome of what was published.
func (r *replay) confirmed(ctx context.Context, c transport.Confirmation) error {
	err := transport.Wait(ctx, c)
	if err == nil || ctx.Err() == nil {
		return err
	}
	if r.grace == nil {
		r.grace, r.end = context.WithTimeout(context.WithoutCancel(ctx), replayGrace)
	}
	return transport.Wait(r.grace, c)
}

// visit publishes a chosen message; whether it leaves the error queue is said
// when that is confirmed.
func (r *replay) visit(ctx context.Context, run *run, f *FailedMessage) (verdict func() transport.Verdict, more bool) {
	keep := func() transport.Verdict { return r.queue.keep(ctx, run, f) }
	if r.filter != nil && !r.filter(f) {
		return keep, true
	}
	r.tried++
	more = r.settings.limit == 0 || r.tried < r.settings.limit
	p, err := r.settings.publication(f)
	var confirmation transport.Confirmation
	if err == nil {
		confirmation, err = run.conn.Publish(ctx, p)
	}
	return func() transport.Verdict {
		if err == nil {
			err = r.confirmed(ctx, confirmation)
		}
		if err != nil {
			r.report.Failures = append(r.report.Failures, ReplayFailure{ID: f.Message.ID, Err: err})
			return keep()
		}
		r.report.Replayed++
		return transport.Ack
	}, more
}

// publication directs a message to where it is replayed.
func (s *replaySettings) publication(f *FailedMessage) (*transport.Publication, error) {
	p := &transport.Publication{Message: f.resent(), Exchange: s.exchange, Key: s.key, Mandatory: true}
	switch {
	case s.elsewhere:
		return p, nil
	case f.Address == "" && f.Exchange == "":
		return nil, &topology.Error{Wanted: "an original address", Got: "none in the headers", Hint: `say where: parley.ReplayTo("orders.place")`}
	}
	p.Key = f.Address
	if f.Exchange != "" {
		p.Exchange = &topology.Exchange{Name: f.Exchange, Passive: true}
	}
	return p, nil
}

// ReplayError is how a replay did not do all that was asked of it.
type ReplayError struct {
	// Replayed is how many messages were confirmed in their new place. After a
	// lost session the latest of them, at most 64, may still be in the error
	// queue as well.
	Replayed int
	// Failures are those that could not be published. They are still in the
	// error queue.
	Failures []ReplayFailure
	// Err is what ended the replay early, nil when it came to its end.
	Err error
}

// ReplayFailure is one message that stayed in its error queue.
type ReplayFailure struct {
	// ID is the message's.
	ID string
	// Err says why, as for [Publisher.Publish].
	Err error
}

// Error counts, and gives the first failure and the early end.
func (e *ReplayError) Error() string {
	text := fmt.Sprintf("parley: replay: %d messages replayed", e.Replayed)
	if len(e.Failures) > 0 {
		text += fmt.Sprintf(", %d not; message %q: %v", len(e.Failures), e.Failures[0].ID, e.Failures[0].Err)
	}
	if e.Err != nil {
		text += fmt.Sprintf("; ended early: %v", e.Err)
	}
	return text
}

// Unwrap returns the errors of the failures and what ended the replay early.
func (e *ReplayError) Unwrap() []error {
	errs := make([]error, 0, len(e.Failures)+1)
	for _, f := range e.Failures {
		errs = append(errs, f.Err)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// ReplayOption is an option of [FailedQueue.Replay] and [FailedQueue.ReplayOne].
type ReplayOption interface {
	applyReplay(s *replaySettings)
	// String returns the option as it is written.
	String() string
}

type replaySettings struct {
	exchange  *topology.Exchange
	key       string
	elsewhere bool
	limit     int // 0 is none
	fault     error
}

type replayOption struct {
	text  string
	apply func(*replaySettings)
}

func (o replayOption) String() string                { return o.text }
func (o replayOption) applyReplay(s *replaySettings) { o.apply(s) }

// ReplayTo sends the messages to a queue in place of where they came from. Their
// address is then the queue's name: a handler that reads parameters of the
// original address does not find them.
func ReplayTo(queue string) ReplayOption {
	return replayOption{fmt.Sprintf("parley.ReplayTo(%q)", queue), func(s *replaySettings) {
		s.exchange, s.key, s.elsewhere = nil, queue, true
		if queue == "" {
			s.fault = errors.Join(s.fault, &topology.Error{Wanted: "a queue to replay to", Got: "an empty name", Hint: "leave parley.ReplayTo out for the original address"})
		}
	}}
}

// ReplayToExchange sends the messages to an exchange, with key as their routing
// key, in place of where they came from.
func ReplayToExchange(exchange topology.Exchange, key string) ReplayOption {
	return replayOption{fmt.Sprintf("parley.ReplayToExchange(%s %q, %q)", exchange.Kind, exchange.Name, key), func(s *replaySettings) {
		s.exchange, s.key, s.elsewhere = &exchange, key, true
	}}
}

// ReplayLimit bounds how many of the chosen messages one call tries, at least 1.
// Without it all are tried.
func ReplayLimit(n int) ReplayOption {
	return replayOption{fmt.Sprintf("parley.ReplayLimit(%d)", n), func(s *replaySettings) {
		s.limit = n
		if n < 1 {
			s.fault = errors.Join(s.fault, &topology.Error{Wanted: "a replay limit of at least 1", Got: fmt.Sprint(n), Hint: "leave parley.ReplayLimit out for none"})
		}
	}}
}
