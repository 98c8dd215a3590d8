package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
)

// steady is the age at which a session counts as working: the pause before the
// next one is then the shortest again.
const steady = 5 * time.Second

// link keeps one network connection to the broker alive: it makes session
// after session for ever. One goroutine, [link.run], owns the sessions.
type link struct {
	cfg   *config
	hosts []*endpoint
	// name is shown in the broker's listings.
	name string
	log  *slog.Logger
	// life ends the link.
	life context.Context
	// prepare readies each new session before anybody gets it. May be nil.
	prepare func(ctx context.Context, s *session) error
	// longest bounds the pause after a session that did not last.
	longest time.Duration
	// lost is told of each session that ended by itself. May be nil.
	lost func(s *session)

	mu      sync.Mutex
	current *session
	changed chan struct{}
	// reason is why there is no session now.
	reason error
	// held is the latest session, also while it is being closed.
	held *session

	kinds kinds

	// status belongs to whoever makes the sessions.
	status *transport.Tracker
}

func newLink(c *Conn, role string) *link {
	name := c.name(role)
	begins := transport.Status{Connection: name, Auxiliary: role == roleReplies}
	return &link{
		cfg: c.cfg, hosts: c.hosts, name: name, log: c.log.With("connection", name),
		life: c.life, longest: c.cfg.backoffMax, changed: make(chan struct{}),
		status: transport.NewTracker(begins, c.log, c.settings.OnLink),
	}
}

// session returns the current session, or waits for one. When ctx ends first
// it returns ctx's cause and why there is none.
func (l *link) session(ctx context.Context) (*session, error) {
	for {
		l.mu.Lock()
		s, changed, reason := l.current, l.changed, l.reason
		l.mu.Unlock()
		if s != nil && !s.ended() {
			return s, nil
		}
		select {
		case <-changed:
		case <-l.life.Done():
			return nil, context.Cause(l.life)
		case <-ctx.Done():
			if reason != nil {
				return nil, fmt.Errorf("no connection: %w (%w)", context.Cause(ctx), reason)
			}
			return nil, fmt.Errorf("no connection: %w", context.Cause(ctx))
		}
	}
}

func (l *link) set(s *session, reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s == nil && l.current == nil {
		l.reason = reason
		return
	}
	l.current, l.reason = s, reason
	if s != nil {
		l.held = s
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// abort cuts the socket of the latest session.
func (l *link) abort() {
	l.mu.Lock()
	s := l.held
	l.mu.Unlock()
	if s != nil {
		s.abort()
	}
}

// run keeps a session until the link's life ends, then closes the last one.
// first may be nil.
func (l *link) run(first *session) {
	ctx := l.life
	defer l.status.Closed()
	var pauses *pauses
	for s := first; ; s = nil {
		if s == nil {
			var err error
			if s, err = l.connect(ctx, false); err != nil {
				return
			}
		}
		l.set(s, nil)
		began := time.Now()
		if !l.hold(s) {
			l.set(nil, context.Cause(ctx))
			s.close(closeTimeout)
			return
		}
		reason := context.Cause(s.ctx)
		l.set(nil, reason)
		l.status.Lost(reason)
		s.close(0)
		if l.lost != nil {
			l.lost(s)
		}
		if pauses == nil || time.Since(began) > steady {
			pauses = l.pauses()
		}
		if !pauses.wait(ctx) {
			return
		}
	}
}

// hold tells of alarms until the session ends; false when the link's life did.
func (l *link) hold(s *session) bool {
	for {
		select {
		case <-s.alarm:
			if err := s.blockedBy(); err != nil {
				l.status.Blocked(err)
			} else {
				l.status.Up()
			}
		case <-s.ctx.Done():
			return true
		case <-l.life.Done():
			return false
		}
	}
}

// connect makes attempts until one succeeds or ctx ends. With strict, a
// permanent error ends it too.
func (l *link) connect(ctx context.Context, strict bool) (*session, error) {
	pauses := l.cfg.pauses()
	var last error
	for {
		s, err := l.attempt(ctx)
		if err == nil {
			return s, nil
		}
		if strict && isPermanent(err) {
			return nil, err
		}
		if ctx.Err() != nil {
			// The end of ctx broke this attempt; the one before says more.
			return nil, ended(ctx, cmp.Or(last, err))
		}
		last = err
		l.set(nil, err)
		l.status.Lost(err)
		if !pauses.wait(ctx) {
			return nil, ended(ctx, err)
		}
	}
}

// ended joins the end of ctx with the last error before it.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, context.Cause(ctx)) {
		return err
	}
	return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
}

// attempt tries every host once, in random order.
func (l *link) attempt(ctx context.Context) (*session, error) {
	var faults []error
	for _, i := range rand.Perm(len(l.hosts)) { //nolint:gosec // spreads load, guards nothing
		s, err := l.open(ctx, l.hosts[i])
		if err == nil {
			l.status.Up(slog.String("broker", l.hosts[i].String()))
			return s, nil
		}
		faults = append(faults, err)
		if ctx.Err() != nil {
			break
		}
	}
	if len(faults) == 1 {
		return nil, faults[0]
	}
	return nil, errors.Join(faults...)
}

func (l *link) open(ctx context.Context, e *endpoint) (*session, error) {
	conn, p, err := l.cfg.dial(ctx, e, l.name)
	if err != nil {
		return nil, err
	}
	s := newSession(context.WithoutCancel(ctx), conn, p, l.log, &l.kinds)
	if l.prepare == nil {
		return s, nil
	}
	if err := l.prepare(ctx, s); err != nil {
		s.close(closeTimeout)
		return nil, err
	}
	return s, nil
}

// pauses are the growing, jittered pauses between attempts.
type pauses struct{ next, longest time.Duration }

func (c *config) pauses() *pauses { return &pauses{c.backoffMin, c.backoffMax} }

func (l *link) pauses() *pauses { return &pauses{min(l.cfg.backoffMin, l.longest), l.longest} }

// wait pauses; it reports false when ctx ended first.
func (p *pauses) wait(ctx context.Context) bool {
	// Between half the pause and all of it: many clients of one broker must
	// not come back in step.
	d := p.next/2 + rand.N(p.next/2+1) //nolint:gosec // jitter guards nothing
	p.next = min(2*p.next, p.longest)
	return pause(ctx, d)
}

// pause waits for d; it reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
