package parley

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
)

const (
	// maxUnread and maxUnreadBytes bound the answers that wait for the loop of a
	// [Gather]. One answer may overshoot the bytes.
	maxUnread      = 4096
	maxUnreadBytes = 64 << 20
)

// gathering is one request with several answers.
type gathering struct {
	*call
	bounds gatherSettings

	// run is nil until the request is being sent.
	run     *run
	pending transport.Pending
	// confirmed is closed when the outcome of sending is known, and nil when that
	// was looked at.
	confirmed <-chan struct{}
	// over is the timer of the limit, nil for none.
	over *time.Timer
	// wake holds a token when there is something to read.
	wake chan struct{}

	mu     sync.Mutex
	unread []*Message
	bytes  int
	// count is how many answers came, given how many were handed out; seen are the
	// instances that they are of.
	count int
	given int64
	seen  map[string]struct{}
	// until is when the limit is up, zero for none; last when something came.
	until, last time.Time
	// ended says that nothing more is taken in; final is why, nil for a good end.
	ended bool
	final error

	endings endings
}

func newGathering(s *sendSettings) *gathering {
	limit := s.timeout
	if s.gather.span > 0 {
		limit = s.gather.span
	}
	g := &gathering{call: newCall(limit, s.cancellable), bounds: s.gather, wake: make(chan struct{}, 1), seen: map[string]struct{}{}}
	g.gather = g
	return g
}

// begin sends the request.
func (g *gathering) begin(ctx context.Context, n *run, p *transport.Publication) error {
	g.address, g.run = p.Message.Address, n
	g.last = time.Now()
	limited := &lazyDeadline{Context: ctx, cause: errOwnLimit}
	defer limited.end()
	if g.limit > 0 {
		g.until = g.last.Add(g.limit)
		limited.deadline = g.until
		g.over = time.NewTimer(g.limit)
	}
	pending, err := g.send(limited, n, p)
	if err != nil {
		return g.failed(limited, err)
	}
	g.pending, g.confirmed = pending, pending.Done()
	return nil
}

// accept takes an answer in; false when it comes too late, or again. It does not
// block.
func (g *gathering) accept(m *Message) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.ended || g.late(now) {
		return false
	}
	if m.Header(HeaderInstance) != "" {
		from := sender(m)
		if _, again := g.seen[from]; again {
			return false
		}
		g.seen[from] = struct{}{}
	}
	if len(g.unread) >= maxUnread || g.bytes >= maxUnreadBytes {
		g.end(fmt.Errorf("%w: %w", ErrOutcomeUnknown, NewError(CodeResourceExhausted, fmt.Sprintf("%d answers wait for their reader already", len(g.unread)))))
		return false
	}
	g.unread = append(g.unread, m)
	g.bytes += len(m.Body)
	g.count++
	g.last = now
	if g.count == g.bounds.expect {
		g.end(nil)
	}
	g.woken()
	return true
}

// late reports whether it has ended by time.
func (g *gathering) late(now time.Time) bool {
	if !g.until.IsZero() && !now.Before(g.until) {
		return true
	}
	return g.bounds.idle > 0 && now.Sub(g.last) >= g.bounds.idle
}

// end takes nothing more in. g.mu is held.
func (g *gathering) end(err error) {
	if !g.ended {
		g.ended, g.final = true, err
		g.woken()
	}
}

func (g *gathering) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.end(err)
}

func (g *gathering) woken() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// take returns the next answer. done says that there is none and will be none;
// err is then why. idle is how long that may take, 0 for any time.
func (g *gathering) take() (m *Message, idle time.Duration, done bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.late(now) {
		g.end(nil)
	}
	if len(g.unread) == 0 {
		if g.bounds.idle > 0 {
			idle = g.bounds.idle - now.Sub(g.last)
		}
		return nil, idle, g.ended, g.final
	}
	m = g.unread[0]
	g.unread[0] = nil
	g.unread = g.unread[1:]
	g.bytes -= len(m.Body)
	g.given++
	return m, 0, false, nil
}

// next waits for the next answer, nil at a good end.
func (g *gathering) next(ctx context.Context) (*Message, error) {
	for {
		m, idle, done, err := g.take()
		switch {
		case m != nil:
			return m, nil
		case done && err == nil:
			return nil, g.enough()
		case done:
			return nil, g.explained(ctx, err)
		}
		g.await(ctx, idle)
	}
}

// await waits until there may be something to do.
func (g *gathering) await(ctx context.Context, idle time.Duration) {
	var silent <-chan time.Time
	if idle > 0 {
		timer := time.NewTimer(idle)
		defer timer.Stop()
		silent = timer.C
	}
	select {
	case <-g.wake:
	case <-silent:
	case <-fires(g.over):
	case <-g.confirmed:
		g.confirmed = nil
		if err := g.refused(g.pending); err != nil {
			g.fail(g.run.orStopped(err))
		}
	case <-g.pending.Lost():
		g.fail(g.run.orStopped(fmt.Errorf("%w: the connection that the answers would come on was lost", ErrOutcomeUnknown)))
	case <-ctx.Done():
		g.fail(context.Cause(ctx))
	case <-g.run.closed:
		g.fail(errStoppedWaiting)
	}
}

// explained turns an early end into the error that its reader sees.
func (g *gathering) explained(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, context.Cause(ctx)) {
		return g.tooFew(fmt.Sprintf("%d answers before the context's deadline", g.count))
	}
	return g.failed(ctx, err)
}

// enough is the error of too few answers.
func (g *gathering) enough() error {
	needed := g.bounds.needed()
	if g.count >= needed {
		return nil
	}
	return g.tooFew(fmt.Sprintf("%d of %d answers came", g.count, needed))
}

func (g *gathering) tooFew(text string) error {
	return g.callError(&timeoutError{text: text, outcome: ErrOutcomeUnknown})
}

func (g *gathering) callError(err error) error {
	return &CallError{Address: g.address, CorrelationID: g.correlationID, Err: err}
}

// leave forgets the request, which has ended with err, nil for a good end.
func (g *gathering) leave(err error) {
	defer g.endings.tell(err)
	if g.run == nil {
		return
	}
	if g.over != nil {
		g.over.Stop()
	}
	g.run.forget(g.call)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended, g.unread = true, nil
}
