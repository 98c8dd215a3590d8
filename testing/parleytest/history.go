package parleytest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parley-go/parley"
)

// longest bounds what a history quotes of a body, in bytes.
const longest = 120

// event is one line of a history.
type event struct {
	at       time.Time
	sent     *sent
	received *received
	text     string
}

func (l *ledger) event(s *sent, r *received, text string) {
	l.events = append(l.events, event{time.Now(), s, r, text})
}

// history tells the events of a publication and of deliveries.
func (l *ledger) history(root *sent, deliveries []*received) string {
	mine := map[*received]bool{}
	for _, r := range deliveries {
		mine[r] = true
	}
	var b strings.Builder
	var begin time.Time
	for _, e := range l.events {
		if e.received != nil && !mine[e.received] || e.received == nil && (root == nil || e.sent != root) {
			continue
		}
		if begin.IsZero() {
			begin = e.at
		}
		fmt.Fprintf(&b, "\n    %-10s %s", "+"+e.at.Sub(begin).Round(time.Millisecond).String(), e.text)
	}
	return b.String()
}

// text tells of a publication.
func (s *sent) text() string {
	switch s.kind {
	case reply:
		if code := s.message.Header(parley.HeaderError); code != "" {
			return "replied with the error " + code
		}
		return "replied " + show(s.message)
	case failure:
		return fmt.Sprintf("moved to %s: %s: %s", s.target(),
			s.message.Header(parley.HeaderFailureCode), s.message.Header(parley.HeaderFailureReason))
	case waiting:
		return "waits in " + s.target()
	case request:
		return s.by.name + " asked " + s.target() + ": " + show(s.message)
	default:
		return s.by.name + " published to " + s.target() + ": " + show(s.message)
	}
}

func (s *sent) target() string {
	if s.message.Exchange != "" {
		return fmt.Sprintf("exchange %q, key %q", s.message.Exchange, s.message.Address)
	}
	return "queue " + strconv.Quote(s.message.Address)
}

// text tells of a run that has ended.
func (a *attempt) text() string {
	switch {
	case a.panics:
		return "handler panicked"
	case a.err != nil:
		// The text of a parley error begins with its code.
		return fmt.Sprintf("handler failed: %s: %s", a.code(), strings.TrimPrefix(a.err.Error(), string(a.code())+": "))
	default:
		return "handler returned " + show(a.result)
	}
}

// show quotes a body that is text.
func show(m *parley.Message) string {
	switch {
	case m == nil || len(m.Body) == 0:
		return "nothing"
	case !utf8.Valid(m.Body):
		return fmt.Sprintf("%d bytes", len(m.Body))
	case len(m.Body) > longest:
		return strings.ToValidUTF8(string(m.Body[:longest]), "") + "…"
	default:
		return string(m.Body)
	}
}
