package parleytest

import (
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// transit bounds how long a message may be on its way between two places that
// can be looked at, on the real clock.
const transit = 100 * time.Millisecond

// Wait returns when everything is done that the messages sent so far caused:
// handlers, forwarded results and replies, delayed retries. In a synctest bubble
// it lets virtual time pass as far as that needs. On the real clock it waits for
// signals, at most as long as [Patience] says; a retry that is due later fails
// the test at once, as does patience that runs out, with a list of what is going
// on still.
//
// A message in a queue that nobody consumes counts as done, and so does a request
// of the test itself whose answer it has not read.
func (ts *Service) Wait() {
	ts.t.Helper()
	if stuck := ts.until(func() bool { return false }); len(stuck) > 0 {
		ts.failf("%s", ts.stuckText(stuck))
	}
}

func (ts *Service) stuckText(stuck []string) string {
	after := "gave up waiting"
	if !ts.virtual {
		after += fmt.Sprintf(" (patience is %v)", ts.patience)
	}
	return after + "; still going on:\n  " + strings.Join(stuck, "\n  ")
}

// until waits until holds does. It returns early with nil when everything is
// done, and with what is going on when patience is out.
func (w *world) until(holds func() bool) (stuck []string) {
	end := time.Now().Add(w.patience)
	const first = time.Millisecond
	for pause := first; ; {
		changed := w.log.changes()
		if w.virtual {
			synctest.Wait()
		}
		if holds() {
			return nil
		}
		going, due := w.going()
		switch left := time.Until(end); {
		case len(going) == 0:
			return nil
		case left <= 0:
			return going
		case due > left:
			return append(going, "hint: in a bubble of testing/synctest delays take no time")
		default:
			pause = min(pause, left)
		}
		t := time.NewTimer(pause)
		select {
		case <-changed:
			pause = first
		case <-t.C:
			// Some things happen without a signal: a settlement, an expiry.
			pause = min(2*pause, w.longestPause())
		}
		t.Stop()
	}
}

func (w *world) longestPause() time.Duration {
	if w.virtual {
		return time.Hour
	}
	return 50 * time.Millisecond
}

// going lists what is not done. due is how long it takes until the first of
// several things that all wait for their time, 0 when something else is going on.
func (w *world) going() (list []string, due time.Duration) {
	list = w.log.working()
	if w.memory != nil {
		list = append(list, w.atBroker()...)
	}
	working := len(list) > 0
	waits, first := w.log.delayed(w.waits)
	list = append(list, waits...)
	if w.memory == nil {
		coming := w.log.coming()
		list, working = append(list, coming...), working || len(coming) > 0
	}
	if len(list) == 0 && !w.virtual && w.log.inTransit() {
		return []string{"a message is on its way"}, 0
	}
	if working {
		return list, 0
	}
	return list, first
}

// waits reports whether a wait queue has messages, as far as can be told.
func (w *world) waits(queue string) bool {
	return w.memory == nil || w.memory.Depth(queue) > 0
}

// atBroker lists what consumers have not taken or not settled.
func (w *world) atBroker() []string {
	var list []string
	for _, q := range w.memory.Queues() {
		unsettled, ready := w.memory.Unsettled(q), 0
		if w.memory.Consumers(q) > 0 {
			ready = w.memory.Depth(q)
		}
		if unsettled+ready > 0 {
			list = append(list, fmt.Sprintf("queue %q: %d delivered and not settled, %d ready", q, unsettled, ready))
		}
	}
	return list
}

// working lists publications without an outcome and handlers that run.
func (l *ledger) working() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for s := range l.unconfirmed {
		list = append(list, s.text()+": not confirmed yet")
	}
	for _, r := range l.received {
		switch {
		case r.runs():
			list = append(list, fmt.Sprintf("handler of %q is at message %q for %v", r.subscription.name(), r.message.ID, time.Since(r.attempts[len(r.attempts)-1].begin).Round(time.Millisecond)))
		case r.verdict == 0:
			list = append(list, fmt.Sprintf("message %q of %q is not settled", r.message.ID, r.subscription.name()))
		}
	}
	slices.Sort(list)
	return list
}

// delayed lists messages that wait for another attempt, and when the first of
// them is due.
func (l *ledger) delayed(waits func(queue string) bool) (list []string, due time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, x := range l.expected {
		if x.due.IsZero() || l.consumerOf(k.queue) == nil || !waits(x.sent.message.Address) {
			continue
		}
		left := max(time.Until(x.due), 0)
		list = append(list, fmt.Sprintf("message %q waits in %q for another %v", x.sent.message.ID, x.sent.message.Address, left.Round(time.Millisecond)))
		if len(list) == 1 || left < due {
			due = left
		}
	}
	slices.Sort(list)
	return list, due
}

// coming lists messages that a consumer will get.
func (l *ledger) coming() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for k, x := range l.expected {
		if !x.gone.IsZero() && time.Since(x.gone) > transit {
			delete(l.expected, k)
			continue
		}
		if x.due.IsZero() && l.consumerOf(k.queue) != nil {
			list = append(list, fmt.Sprintf("message %q goes to queue %q", x.sent.message.ID, k.queue))
		}
	}
	slices.Sort(list)
	return list
}

// inTransit reports whether something may be between two places: a message that
// left a queue and has not come to its consumer, a handler that outlives its
// delivery and has not begun.
func (l *ledger) inTransit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.last) > transit {
		return false
	}
	for k := range l.expected {
		if l.consumerOf(k.queue) != nil {
			return true
		}
	}
	for _, r := range l.received {
		if r.verdict == transport.Reject || r.verdict == transport.Ack && len(r.attempts)+len(r.caused) == 0 {
			return true
		}
	}
	return false
}

// rejectedTo reports whether the broker may have dead-lettered to a queue.
func (l *ledger) rejectedTo(errorQueue string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.received {
		key, _ := r.subscription.topology.Queue.Arguments[topology.ArgDeadLetterRoutingKey].(string)
		if r.verdict == transport.Reject && key == errorQueue {
			n++
		}
	}
	return n
}
