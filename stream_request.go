package parley

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

// begin sends the request p. The entry is made before anything is sent, so that
// no frame can come too early.
func (r *reader) begin(ctx context.Context, n *run, p *transport.Publication) error {
	r.intake = stream.NewIntake(r.items, r.limit, &n.streams.budget)
	r.streams = &n.streams
	r.feed.begin(ctx)
	limited := &lazyDeadline{Context: ctx, cause: errOwnLimit}
	defer limited.end()
	if r.opening > 0 {
		limited.deadline = time.Now().Add(r.opening)
		r.late = time.NewTimer(r.opening)
	}
	if r.total > 0 {
		r.over = time.NewTimer(r.total)
	}
	if n.streams.inboxes == nil {
		return fmt.Errorf("%w: %w", ErrNotSent, errNoInboxes)
	}
	if err := r.stamp(limited, p.Message); err != nil {
		return err
	}
	var inbox transport.Inbox
	p.Timed, p.Inbox = r, &inbox
	if err := n.streams.addReader(r); err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	outcome, err := n.conn.Publish(limited, p)
	if err != nil {
		return err
	}
	r.outcome, r.sent, r.lost = outcome, outcome.Done(), inbox.Lost
	return r.feed.start()
}

// stamp makes a request for a stream of m, which lives as long as its reader
// waits for the first sign of life.
func (r *reader) stamp(ctx *lazyDeadline, m *Message) error {
	if err := inTime(ctx); err != nil {
		return err
	}
	m.CorrelationID = r.id
	headers := make(Headers, len(m.Headers)+5)
	maps.Copy(headers, m.Headers)
	m.Headers = headers
	granted := r.intake.Granted()
	f := stream.Frame{Kind: stream.Request, Seq: -1, Credit: granted.Items, CreditBytes: granted.Bytes, Beat: r.beat}
	r.feed.say(&f, r.single)
	f.Write(m)
	if m.Persistence == transport.PersistenceUnset {
		m.Persistence = transport.Transient
	}
	r.deadline, _ = ctx.Context.Deadline()
	if r.total > 0 {
		if own := time.Now().Add(r.total); r.deadline.IsZero() || own.Before(r.deadline) {
			r.deadline = own
		}
	}
	m.Headers[HeaderDeadline] = int64(0)
	if opening, ok := ctx.Deadline(); ok {
		m.Expiration = max(time.Until(opening), time.Millisecond)
	}
	r.Refresh(m)
	return nil
}

// Refresh states how much time is left: see [transport.Timed].
func (r *reader) Refresh(m *Message) {
	if r.deadline.IsZero() {
		return
	}
	left := max(time.Until(r.deadline), time.Millisecond)
	m.Headers[HeaderDeadline] = left.Milliseconds()
	m.Expiration = min(cmp.Or(m.Expiration, left), left)
}
