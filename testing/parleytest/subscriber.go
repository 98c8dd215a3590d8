package parleytest

import (
	"fmt"
	"reflect"
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
		ts.fail("wanted a subscriber of %q, got those of %s", address, strings.Join(known, ", "))
	default:
		ts.fail("wanted one subscriber of %q, got %d; hint: name its queue", address, len(found))
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
		ts.fail("stub: %v", err)
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
		s.ts.fail("%s\n  expected: %s\n  actual:   %s%s", s.subject(), count(n, "message"), count(got, "message"), s.History())
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

// expect waits for a message that meets w and everything before.
func (s *Subscriber) expect(w want) *Subscriber {
	s.ts.t.Helper()
	narrowed := *s
	narrowed.wants = append(slices.Clip(s.wants), w)
	stuck := s.ts.until(func() bool { return len(narrowed.stories()) > 0 })
	if len(narrowed.stories()) > 0 {
		return &narrowed
	}
	text := s.missing(w)
	if len(stuck) > 0 {
		text += "\n  " + s.ts.stuckText(stuck)
	}
	s.ts.fail("%s", text)
	return &narrowed
}

// missing says what was wanted and what there is.
func (s *Subscriber) missing(w want) string {
	candidates := s.stories()
	var got []string
	for _, x := range candidates[:min(len(candidates), maxHistories)] {
		if w.got != nil {
			got = append(got, w.got(x))
		} else {
			got = append(got, x.summary())
		}
	}
	if len(candidates) == 0 {
		got = append(got, "no message")
	}
	return fmt.Sprintf("%s\n  expected: %s\n  actual:   %s%s", s.subject(), w.text, strings.Join(got, "\n            "), histories(candidates))
}

// subject says which messages are meant.
func (s *Subscriber) subject() string {
	text := fmt.Sprintf("subscriber %q", s.address)
	for i, w := range s.wants {
		if i == 0 {
			text += ", messages: "
		} else {
			text += ", "
		}
		text += w.text
	}
	return text
}

func (s *Subscriber) stories() []*story {
	return slices.DeleteFunc(s.ts.log.stories(s.errorQueue), func(x *story) bool {
		return slices.ContainsFunc(s.wants, func(w want) bool { return !w.holds(x) })
	})
}

// calls counts the runs of the handler itself.
func (s *story) calls() int {
	n := 0
	for _, a := range s.runs {
		if a.called() {
			n++
		}
	}
	return n
}

func (s *story) called() bool { return s.calls() > 0 }

// summary is the message in one line.
func (s *story) summary() string {
	var parts []string
	for _, c := range slices.Compact(slices.Clone(s.codes)) {
		parts = append(parts, "failed with "+string(c))
	}
	if slices.ContainsFunc(s.runs, succeeded) {
		parts = append(parts, "handled without an error")
	}
	for _, o := range s.outcomes {
		parts = append(parts, "settled: "+o.String())
	}
	if len(parts) == 0 {
		parts = append(parts, "delivered")
	}
	return strings.Join(parts, ", ")
}

// isBody reports whether the body of m is v.
func (s *Subscriber) isBody(m *parley.Message, v any) bool {
	got, err := s.body(m, v)
	return err == nil && assert.ObjectsAreEqual(v, got)
}

// body decodes the body of m into the type of v.
func (s *Subscriber) body(m *parley.Message, v any) (any, error) {
	if v == nil {
		if len(m.Body) == 0 {
			return nil, nil
		}
		return string(m.Body), nil
	}
	into := reflect.New(reflect.TypeOf(v))
	err := s.ts.app().Decode(m, into.Interface())
	return into.Elem().Interface(), err
}

// bodyText shows the body of a message beside v.
func (s *Subscriber) bodyText(x *story, v any) string {
	got, err := s.body(x.message, v)
	switch {
	case err != nil:
		return fmt.Sprintf("%s (%v)", show(x.message), err)
	case !x.called():
		return value(got) + ", and the handler was not called"
	default:
		return value(got)
	}
}

// value shows a Go value in one line.
func value(v any) string {
	text := fmt.Sprintf("%#v", v)
	if len(text) > 4*longest {
		text = text[:4*longest] + "…"
	}
	return text
}
