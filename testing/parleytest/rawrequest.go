package parleytest

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/parley-go/parley"
)

// mailbox keeps the replies that came on the test's own connection.
type mailbox struct {
	mu      sync.Mutex
	replies map[string]*parley.Message
}

func (b *mailbox) put(m *parley.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.replies == nil {
		b.replies = map[string]*parley.Message{}
	}
	b.replies[m.CorrelationID] = m
}

func (b *mailbox) get(correlationID string) *parley.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.replies[correlationID]
}

// RawRequest asks as a client does that is not parley's, and returns what such a
// client gets: an error reply only from a subscriber with [parley.ErrorReplies].
// ok is false when the app has done everything and nothing came. m gets a reply
// address, and a correlation id where it has none; nothing else is added.
func (ts *Service) RawRequest(address string, m *parley.Message) (reply *parley.Message, ok bool) {
	ts.t.Helper()
	m = m.Clone()
	if m.CorrelationID == "" {
		m.CorrelationID = rand.Text()
	}
	p, known := ts.publication(address, m)
	if !known {
		return nil, false
	}
	ctx, cancel := ts.bounded()
	defer cancel()
	pending, err := ts.raw.Request(ctx, p)
	if err == nil {
		err = await(ctx, pending)
	}
	if err != nil {
		ts.failf("request to %q: %v", address, err)
		return nil, false
	}
	arrived := func() bool { return ts.replies.get(m.CorrelationID) != nil }
	if stuck := ts.until(arrived); len(stuck) > 0 {
		ts.failf("no reply from %q: %s", address, ts.stuckText(stuck))
	}
	// What the broker has confirmed may be on its way.
	if ts.log.replied(m.CorrelationID) && !ts.eventually(arrived) {
		ts.failf("the reply from %q did not arrive within %v", address, ts.patience)
	}
	reply = ts.replies.get(m.CorrelationID)
	return reply, reply != nil
}

// await waits for the outcome of a request's publication.
func await(ctx context.Context, p interface {
	Done() <-chan struct{}
	Err() error
},
) error {
	select {
	case <-p.Done():
		return p.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// replied reports whether an app has sent a reply with that correlation id.
func (l *ledger) replied(correlationID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sent {
		if s.kind == reply && s.message.CorrelationID == correlationID && s.outcome == nil {
			return true
		}
	}
	return false
}
