package parleytest

import (
	"github.com/parley-go/parley"
)

// Calls returns what a subscriber's handler was called with, decoded, in order:
// one value for each run, of the messages that met the expectations so far. It
// waits until everything is done.
func Calls[In any](s *Subscriber) []In {
	s.ts.t.Helper()
	s.ts.Wait()
	var all []In
	for _, x := range s.stories() {
		var in In
		if !x.called() {
			continue
		}
		if err := s.ts.app().Decode(x.message, &in); err != nil {
			s.ts.failf("%s: %v%s", s.subject(), err, x.history())
			return all
		}
		for range x.calls() {
			all = append(all, in)
		}
	}
	return all
}

// Published returns what the apps under test sent to an address, a queue's name
// or a routing key, decoded, in order: messages, requests, and replies to that
// queue, as far as the broker took them. It waits until everything is done.
func Published[R any](ts *Service, address string) []R {
	ts.t.Helper()
	var all []R
	for _, m := range ts.Published(address) {
		var v R
		if err := ts.app().Decode(m, &v); err != nil {
			ts.failf("published to %q: %v: %s", address, err, show(m))
			return all
		}
		all = append(all, v)
	}
	return all
}

// Published returns the messages that the function [Published] decodes.
func (ts *Service) Published(address string) []*parley.Message {
	ts.t.Helper()
	ts.Wait()
	l := ts.log
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*parley.Message
	for _, s := range l.sent {
		if s.by.tested && s.message.Address == address && s.outcome == nil && s.kind != failure && s.kind != waiting {
			all = append(all, s.message.Clone())
		}
	}
	return all
}

// ErrorQueue waits until everything is done and returns what is in the error
// queue of a subscriber, the oldest message first. The messages stay there.
func (ts *Service) ErrorQueue(address string) []parley.FailedMessage {
	ts.t.Helper()
	s := ts.Subscriber(address)
	ts.Wait()
	ctx, cancel := ts.bounded()
	defer cancel()
	var failed []parley.FailedMessage
	list := func() error {
		q, err := ts.ownerOf(s.errorQueue).ErrorQueue(s.errorQueue)
		if err == nil {
			failed, err = q.List(ctx, 0)
		}
		return err
	}
	err := list()
	// The broker's own dead letters come when it gets to them, without a signal.
	if want := ts.log.rejectedTo(s.errorQueue); err == nil && want > len(failed) {
		ts.eventually(func() bool { err = list(); return err != nil || len(failed) >= want })
	}
	if err != nil {
		ts.failf("%v", err)
	}
	return failed
}

// ownerOf finds the app whose subscriber has an error queue.
func (w *world) ownerOf(errorQueue string) *parley.App {
	for _, p := range w.running() {
		for _, o := range p.app.Operations() {
			if o.Subscription != nil && o.Subscription.ErrorQueue == errorQueue {
				return p.app
			}
		}
	}
	return w.app()
}
