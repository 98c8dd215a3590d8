package parleytest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"

	"github.com/parley-go/parley"
)

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
	s.ts.failf("%s", text)
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
