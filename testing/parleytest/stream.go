package parleytest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// Stream sends v to an address and returns the replies as they come, as
// [parley.Stream] does: in a loop, of which an error is the last that it gives.
// Codecs are those of the app under test. [Collect] reads all of it.
func Stream[R any](ts *Service, address string, v any, opts ...parley.SendOption) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		ts.t.Helper()
		var none R
		m, err := ts.app().Encode(v)
		if err != nil {
			ts.failf("%v", err)
			yield(none, err)
			return
		}
		// A deadline would travel: this bound must not be seen by the app.
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		limit := time.AfterFunc(2*ts.patience, func() { cancel(errImpatient) })
		defer limit.Stop()
		publisher := ts.peer.app.Publisher(address, opts...)
		for reply, err := range parley.Stream[*parley.Message](ctx, publisher, m, opts...) {
			value := none
			if err == nil && reply != nil {
				err = ts.app().Decode(reply, &value)
			}
			if !yield(value, err) {
				return
			}
		}
	}
}

// Collect reads a stream to its end and returns what came and how it ended: nil
// when it is complete.
func Collect[R any](replies iter.Seq2[R, error]) (all []R, end error) {
	for v, err := range replies {
		if err != nil {
			end = err
			continue
		}
		all = append(all, v)
	}
	return all, end
}

// Streamed expects a message whose handler sent the replies vs, these in this
// order and no others, in one of its runs. How it ended is told by
// [Subscriber.Handled] and [Subscriber.Failed]: with [parley.CodeCanceled] when
// the reader left.
func (s *Subscriber) Streamed(vs ...any) *Subscriber {
	s.ts.t.Helper()
	texts := make([]string, 0, len(vs))
	for _, v := range vs {
		texts = append(texts, value(v))
	}
	return s.expect(want{
		text: "streamed " + strings.Join(texts, ", "),
		got:  func(x *story) string { return s.streamedText(x) },
		holds: func(x *story) bool {
			return slices.ContainsFunc(x.streams(), func(items []*parley.Message) bool { return s.areBodies(items, vs) })
		},
	})
}

func (s *Subscriber) areBodies(items []*parley.Message, vs []any) bool {
	return slices.EqualFunc(items, vs, func(m *parley.Message, v any) bool {
		got, err := s.body(m, v)
		return err == nil && assert.ObjectsAreEqual(v, got)
	})
}

func (s *Subscriber) streamedText(x *story) string {
	var runs []string
	for _, items := range x.streams() {
		texts := make([]string, 0, len(items))
		for _, m := range items {
			texts = append(texts, show(m))
		}
		runs = append(runs, fmt.Sprintf("streamed %s", strings.Join(texts, ", ")))
	}
	if len(runs) == 0 {
		return "no stream"
	}
	return strings.Join(runs, "; then ")
}

// streams returns the items of each finished run of the handler.
func (s *story) streams() [][]*parley.Message {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	var order []string
	runs := map[string][]*parley.Message{}
	over := map[string]bool{}
	for _, d := range s.deliveries {
		done := d.verdict != 0
		for _, sent := range d.caused {
			kind, run := sent.message.Header(parley.HeaderStreamFrame), sent.message.Header(parley.HeaderStreamRun)
			if sent.kind != reply || kind == "" {
				continue
			}
			if !slices.Contains(order, run) {
				order = append(order, run)
			}
			// Its reader may have it before the broker confirms it.
			if kind == "item" && (sent.outcome == nil || errors.Is(sent.outcome, transport.ErrOutcomeUnknown)) {
				runs[run] = append(runs[run], sent.message)
			}
			over[run] = over[run] || done
		}
	}
	var all [][]*parley.Message
	for _, run := range order {
		if over[run] {
			all = append(all, runs[run])
		}
	}
	return all
}

// StallStreams lets what services send of their streams vanish from now on, those
// of the test's stubs too, as if they were frozen: readers get nothing more, not
// even a sign of life, and end with [parley.ErrStreamStalled] after the time of
// [parley.Idle]. What readers send still comes to the services.
func (b *Broker) StallStreams() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stalled = true
}

// swallows reports whether p is a frame that vanishes.
func (b *Broker) swallows(p *transport.Publication) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stalled || !p.Reply {
		return false
	}
	switch p.Message.Header(parley.HeaderStreamFrame) {
	case "open", "item", "beat", "end", "error":
		return true
	default:
		return false
	}
}
