package parleytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"

	"github.com/parley-go/parley"
)

// Subscriber expects something of the messages that one subscriber got. Each
// expectation returns a Subscriber narrowed to the messages that met it, so that
// a chain speaks of one and the same message:
//
//	ts.Subscriber("orders.place").CalledWith(order).Failed(parley.CodeUnavailable).Settled(parleytest.Retried)
//
// An expectation waits until it is met. It fails the test, with the history of
// the messages, as soon as everything is done without that. In a synctest bubble
// virtual time passes meanwhile, and no further than needed.
type Subscriber struct {
	ts         *Service
	address    string
	errorQueue string
	wants      []want
}

// want is one expectation.
type want struct {
	text string
	// got says how a message looks from there; nil leaves it to the history.
	got   func(*story) string
	holds func(*story) bool
}

// Subscriber returns the expectations of the subscriber with that address, as
// routers make it, or with that queue. That there is none fails the test.
func (ts *Service) Subscriber(address string) *Subscriber {
	ts.t.Helper()
	s := &Subscriber{ts: ts, address: address}
	found := map[string]string{}
	var known []string
	for _, p := range ts.running() {
		for _, o := range p.app.Operations() {
			if o.Subscription == nil {
				continue
			}
			known = append(known, fmt.Sprintf("%q", o.Address))
			if slices.Contains([]string{o.Address, o.Subscription.Queue.Name, o.Subscription.ErrorQueue}, address) {
				s.errorQueue = o.Subscription.ErrorQueue
				found[s.errorQueue] = o.Subscription.Queue.Name
			}
		}
	}
	switch len(found) {
	case 1:
	case 0:
		ts.failf("wanted a subscriber of %q, got those of %s", address, strings.Join(known, ", "))
	default:
		ts.failf("wanted one subscriber of %q, got %d; hint: name its queue", address, len(found))
	}
	return s
}

// Stub serves an address with a function, of any form that a handler may have,
// in place of a service that is not there, and returns the expectations of it.
// See [Calls] for what it was called with. Its queue is consumed on return.
func (ts *Service) Stub(address string, fn any, opts ...parley.SubscriberOption) *Subscriber {
	ts.t.Helper()
	ctx, cancel := ts.bounded()
	defer cancel()
	if err := ts.peer.app.Subscriber(address, fn, opts...).Ready(ctx); err != nil {
		ts.failf("stub: %v", err)
	}
	return ts.Subscriber(address)
}

// Of narrows to what became of one message of the test.
func (s *Subscriber) Of(m *Sent) *Subscriber {
	s.ts.t.Helper()
	return s.expect(want{
		text:  fmt.Sprintf("message %q", m.Message().ID),
		holds: func(x *story) bool { return m.sent != nil && x.root == m.sent },
	})
}

// Handled expects a message that the handler took without an error.
func (s *Subscriber) Handled() *Subscriber {
	s.ts.t.Helper()
	return s.expect(want{
		text:  "handled without an error",
		holds: func(x *story) bool { return slices.ContainsFunc(x.runs, succeeded) },
	})
}

func succeeded(a attempt) bool { return a.done && a.code() == "" }

// CalledWith expects a message that the handler was called with and whose body is
// v, decoded into v's type. Of an annotated input v is the body, and
// [Subscriber.WithHeader] is for the rest.
func (s *Subscriber) CalledWith(v any) *Subscriber {
	s.ts.t.Helper()
	return s.expect(want{
		text:  "called with " + value(v),
		got:   func(x *story) string { return s.bodyText(x, v) },
		holds: func(x *story) bool { return x.called() && s.isBody(x.message, v) },
	})
}

// Returned expects a message whose handler returned v.
func (s *Subscriber) Returned(v any) *Subscriber {
	s.ts.t.Helper()
	return s.expect(want{
		text: "returned " + value(v),
		holds: func(x *story) bool {
			return slices.ContainsFunc(x.runs, func(a attempt) bool {
				return succeeded(a) && (a.result == nil && v == nil || a.result != nil && s.isBody(a.result, v))
			})
		},
	})
}

// WithHeader expects a message with a header of that value.
func (s *Subscriber) WithHeader(name string, v any) *Subscriber {
	s.ts.t.Helper()
	return s.expect(want{
		text:  fmt.Sprintf("with the header %s: %v", name, v),
		got:   func(x *story) string { return fmt.Sprintf("%s: %v", name, x.message.Headers[name]) },
		holds: func(x *story) bool { return assert.ObjectsAreEqualValues(v, x.message.Headers[name]) },
	})
}

// Failed expects a message that failed with that code, in at least one attempt,
// or before the handler was reached.
func (s *Subscriber) Failed(code parley.Code) *Subscriber {
	s.ts.t.Helper()
	return s.expect(want{
		text:  "failed with " + string(code),
		holds: func(x *story) bool { return slices.Contains(x.codes, code) },
	})
}

// Settled expects a message with a delivery of that outcome. A message that was
// retried and ends in the error queue has both outcomes.
func (s *Subscriber) Settled(o Outcome) *Subscriber {
	s.ts.t.Helper()
	return s.expect(want{
		text:  "settled: " + o.String(),
		holds: func(x *story) bool { return slices.Contains(x.outcomes, o) },
	})
}

// Attempts waits until everything is done and expects a message whose handler
// ran exactly n times.
func (s *Subscriber) Attempts(n int) *Subscriber {
	s.ts.t.Helper()
	s.ts.Wait()
	return s.expect(want{
		text:  "handler ran " + count(n, "time"),
		got:   func(x *story) string { return count(x.calls(), "time") },
		holds: func(x *story) bool { return x.calls() == n },
	})
}

// Times waits until everything is done and expects exactly n messages, of those
// that met the expectations so far. Attempts of one message count once.
func (s *Subscriber) Times(n int) *Subscriber {
	s.ts.t.Helper()
	s.ts.Wait()
	if got := len(s.stories()); got != n {
		s.ts.failf("%s\n  expected: %s\n  actual:   %s%s", s.subject(), count(n, "message"), count(got, "message"), s.History())
	}
	return s
}

// Messages returns copies of the messages that met the expectations so far, as
// they were delivered first.
func (s *Subscriber) Messages() []*parley.Message {
	var all []*parley.Message
	for _, x := range s.stories() {
		all = append(all, x.message.Clone())
	}
	return all
}

// History tells what happened to the messages that met the expectations so far.
func (s *Subscriber) History() string { return histories(s.stories()) }

func histories(stories []*story) string {
	var b strings.Builder
	for i, x := range stories {
		if i == maxHistories {
			fmt.Fprintf(&b, "\n  and %s more", count(len(stories)-i, "message"))
			break
		}
		b.WriteString(x.history())
	}
	return b.String()
}
