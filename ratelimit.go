package parley

import (
	"context"
	"sync"
	"time"
)

// rateLimit is a bucket of tokens, one for each run of a handler. It is kept as
// the time at which the bucket will be full.
type rateLimit struct {
	// interval is the time in which a token comes, span that in which all but
	// one come.
	interval, span time.Duration
	// turn is held by the one message that waits for the next token.
	turn chan struct{}

	mu   sync.Mutex
	full time.Time
}

// newRateLimit returns nil for no limit.
func newRateLimit(n int, per time.Duration) *rateLimit {
	if n == 0 {
		return nil
	}
	interval := per / time.Duration(n)
	return &rateLimit{interval: interval, span: interval * time.Duration(n-1), turn: make(chan struct{}, 1)}
}

// take takes a token, if there is one.
func (l *rateLimit) take() bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.full.Before(now) {
		l.full = now
	}
	if l.full.Sub(now) > l.span {
		return false
	}
	l.full = l.full.Add(l.interval)
	return true
}

// refund gives a token back.
func (l *rateLimit) refund() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full = l.full.Add(-l.interval)
}

// await waits until a token may be there; false when ctx ended first. Those
// that wait take turns, so that one token does not wake them all.
func (l *rateLimit) await(ctx context.Context) bool {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-l.turn }()
	return sleep(ctx, l.due())
}

// due is the time until there is a token.
func (l *rateLimit) due() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.full) - l.span
}
