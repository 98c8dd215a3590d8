package parleytest

import (
	"fmt"
	"slices"

	"github.com/parley-go/parley"
)

// story is one message at one queue with all its deliveries, delayed attempts
// included. It is a copy, so it is read without the ledger's mutex.
type story struct {
	log        *ledger
	root       *sent
	message    *parley.Message
	deliveries []*received
	runs       []attempt
	codes      []parley.Code
	outcomes   []Outcome
}

// stories returns the messages of the queues with one error queue, in the order
// in which they first came.
func (l *ledger) stories(errorQueue string) []*story {
	l.mu.Lock()
	defer l.mu.Unlock()
	type key struct {
		root  any
		queue string
	}
	found := map[key]*story{}
	var all []*story
	for _, r := range l.received {
		if r.subscription.topology.ErrorQueue != errorQueue {
			continue
		}
		root := r.root()
		k := key{root, r.subscription.queue()}
		if root == nil {
			k.root = r
		}
		s, ok := found[k]
		if !ok {
			s = &story{log: l, root: root, message: r.message}
			found[k] = s
			all = append(all, s)
		}
		s.add(r)
	}
	return all
}

// root is the publication that a delivery goes back to, past delayed retries.
func (r *received) root() *sent {
	s := r.from
	for s != nil && s.kind == waiting && s.parent != nil {
		s = s.parent.from
	}
	return s
}

func (s *story) add(r *received) {
	s.deliveries = append(s.deliveries, r)
	for _, a := range r.attempts {
		s.runs = append(s.runs, *a)
	}
	s.codes = append(s.codes, r.codes()...)
	if o := r.outcome(); o != 0 {
		s.outcomes = append(s.outcomes, o)
	}
}

// unfinished returns messages without a verdict or with a handler that runs.
func (l *ledger) unfinished() []*story {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*story
	for _, r := range l.received {
		if r.verdict == 0 || r.runs() {
			s := &story{log: l, root: r.root(), message: r.message}
			s.add(r)
			all = append(all, s)
		}
	}
	return all
}

// runs reports whether a handler is at it.
func (r *received) runs() bool {
	return slices.ContainsFunc(r.attempts, func(a *attempt) bool { return !a.done })
}

// history tells what happened to the message.
func (s *story) history() string {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return fmt.Sprintf("\n  history of message %q:%s", s.message.ID, s.log.history(s.root, s.deliveries))
}
