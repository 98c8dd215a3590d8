package parley

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Subscriber is the handle of one registration in an app. Its methods may be
// called concurrently.
type Subscriber struct {
	app      *App
	declared *declaration

	mu sync.Mutex
	// receiver is that of the current run, or of the last one.
	receiver *receiver
	// changed is closed and replaced when receiver is set.
	changed chan struct{}
}

// Ready waits until the subscriber consumes: for the app to start, if need be,
// and for a recovery in progress. It returns what keeps the subscriber from
// consuming, or the context's error.
func (s *Subscriber) Ready(ctx context.Context) error {
	for {
		r, changed := s.state()
		if r == nil {
			if err := s.app.compile().faultsOf(s.declared); err != nil {
				return err
			}
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return fmt.Errorf("parley: %s: %w: %w", s.subject(), ErrNotStarted, context.Cause(ctx))
			}
		}
		select {
		case <-r.begun:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if r.err != nil {
			return r.err
		}
		return r.consumer.Ready(ctx)
	}
}

// Err returns what is wrong: with the registration, or with consuming now. It
// is nil while all is well, and before the app starts.
func (s *Subscriber) Err() error {
	r, _ := s.state()
	if r == nil {
		return s.app.compile().faultsOf(s.declared)
	}
	select {
	case <-r.begun:
	default:
		return nil
	}
	if r.err != nil {
		return r.err
	}
	return r.consumer.Err()
}

// Paused reports whether the subscriber's [KillSwitch] keeps handlers from
// running, and since when. Without one it never does.
func (s *Subscriber) Paused() (since time.Time, ok bool) {
	r, _ := s.state()
	if r == nil {
		return time.Time{}, false
	}
	return r.breaker.open()
}

// pausedSince is when the kill switch paused the receiver, nil while it does not.
func (r *receiver) pausedSince() *time.Time {
	since, paused := r.breaker.open()
	if !paused {
		return nil
	}
	return &since
}

// Stop ends this subscriber alone: it takes no further messages, waits for
// those in hand, and gives the rest back to the broker. Its queue stays and
// fills. When ctx ends first the handlers' contexts are cancelled and its error
// is returned. Before the app was started it is [ErrNotStarted].
func (s *Subscriber) Stop(ctx context.Context) error {
	r, _ := s.state()
	if r == nil {
		return fmt.Errorf("parley: %s: %w", s.subject(), ErrNotStarted)
	}
	return r.stop(ctx)
}

func (s *Subscriber) subject() string {
	return "subscriber " + quoted(s.declared.address) + " (" + s.declared.site + ")"
}

func (s *Subscriber) state() (*receiver, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receiver, s.changed
}

func (s *Subscriber) set(r *receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receiver = r
	close(s.changed)
	s.changed = make(chan struct{})
}

// stop ends the receiver's consumer, once it has begun.
func (r *receiver) stop(ctx context.Context) error {
	select {
	case <-r.begun:
	default:
		select {
		case <-r.begun:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	r.depart()
	defer r.warnReaders(ctx)()
	if r.consumer == nil {
		return nil
	}
	err := errors.Join(r.consumer.Stop(ctx), r.awaitDetached(ctx))
	if err != nil {
		r.running.tell(ctx)
	}
	return err
}

// awaitDetached waits for the handlers whose messages are settled already.
func (r *receiver) awaitDetached(ctx context.Context) error {
	if !r.settings.failure.ackFirst && !r.settings.failure.manual {
		return nil
	}
	select {
	case <-finished(&r.detached):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
