package parleytest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// Sent is a message that the test has sent.
type Sent struct {
	ts   *Service
	sent *sent
}

// Message returns a copy of the message as it was sent.
func (s *Sent) Message() *parley.Message {
	if s.sent == nil {
		return &parley.Message{}
	}
	return s.sent.message.Clone()
}

// History tells what happened to the message so far, at all queues.
func (s *Sent) History() string {
	l := s.ts.log
	l.mu.Lock()
	defer l.mu.Unlock()
	var deliveries []*received
	for _, r := range l.received {
		if s.sent != nil && r.root() == s.sent {
			deliveries = append(deliveries, r)
		}
	}
	return l.history(s.sent, deliveries)
}

// Publish sends v to an address, encoded with the codecs of the app under test,
// and returns when the broker has it. A message that the broker does not take
// fails the test.
func (ts *Service) Publish(address string, v any, opts ...parley.SendOption) *Sent {
	ts.t.Helper()
	m, err := ts.app().Encode(v)
	if err != nil {
		ts.failf("%v", err)
		return &Sent{ts: ts}
	}
	ctx, cancel := ts.bounded()
	defer cancel()
	c := &capture{}
	err = ts.peer.app.Publisher(address, opts...).Publish(context.WithValue(ctx, captureKey{}, c), m, opts...)
	if err != nil {
		ts.failf("%v", err)
	}
	return &Sent{ts, c.sent}
}

// app is the first app under test, whose codecs are those of the test.
func (w *world) app() *parley.App {
	for _, p := range w.running() {
		if p.tested {
			return p.app
		}
	}
	return w.peer.app
}

// Request sends v to an address and returns the answer, or the error that a
// parley client gets. Codecs are those of the app under test.
func Request[R any](ts *Service, address string, v any, opts ...parley.SendOption) (R, error) {
	ts.t.Helper()
	var answer R
	m, err := ts.app().Encode(v)
	if err != nil {
		ts.failf("%v", err)
		return answer, err
	}
	// A deadline would travel: this bound must not be seen by the app.
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	limit := time.AfterFunc(2*ts.patience, func() { cancel(errImpatient) })
	defer limit.Stop()
	reply, err := ts.peer.app.Publisher(address, opts...).Request(ctx, m, opts...)
	if err != nil || reply == nil {
		return answer, err
	}
	return answer, ts.app().Decode(reply, &answer)
}

var errImpatient = errors.New("parleytest: the patience of the test is out")

// Raw sends a message as it is, as a client does that is not parley's: no id, no
// header, nothing is added. m.Exchange names an exchange that an app of the test
// declares; without one the address is that of a queue.
func (ts *Service) Raw(address string, m *parley.Message) *Sent {
	ts.t.Helper()
	return ts.raws(address, m, &capture{})
}

// Redeliver sends a message once more, with the same id, and marks it as
// redelivered: what a consumer sees when its acknowledgement was lost.
func (ts *Service) Redeliver(s *Sent) *Sent {
	ts.t.Helper()
	m := s.Message()
	return ts.raws(m.Address, m, &capture{again: true})
}

// Vanished sends v as the request of a parley client that has gone away: nobody
// is at its reply address any more.
func (ts *Service) Vanished(address string, v any) *Sent {
	ts.t.Helper()
	m, err := ts.app().Encode(v)
	if err != nil {
		ts.failf("%v", err)
		return &Sent{ts: ts}
	}
	m = m.Clone()
	m.ID, m.CorrelationID = rand.Text(), rand.Text()
	m.ReplyTo = "amq.gen-" + rand.Text()
	m.SetHeader(parley.HeaderDeadline, parley.DefaultTimeout.Milliseconds())
	return ts.raws(address, m, &capture{})
}

func (ts *Service) raws(address string, m *parley.Message, c *capture) *Sent {
	ts.t.Helper()
	p, ok := ts.publication(address, m)
	if !ok {
		return &Sent{ts: ts}
	}
	ctx, cancel := ts.bounded()
	defer cancel()
	confirmation, err := ts.raw.Publish(context.WithValue(ctx, captureKey{}, c), p)
	if err == nil {
		err = transport.Wait(ctx, confirmation)
	}
	if err != nil {
		ts.failf("publish to %q: %v", address, err)
	}
	return &Sent{ts, c.sent}
}

func (ts *Service) publication(address string, m *parley.Message) (*transport.Publication, bool) {
	ts.t.Helper()
	p := &transport.Publication{Message: m, Key: address, Mandatory: true}
	if m.Exchange == "" {
		return p, true
	}
	x, known := ts.exchange(m.Exchange)
	if !known {
		ts.failf("publish to exchange %q: wanted one that an app of the test declares, got one of %s", m.Exchange, strings.Join(ts.exchanges(), ", "))
	}
	p.Exchange = x
	return p, known
}

// exchange finds how an app declares an exchange.
func (w *world) exchange(name string) (*topology.Exchange, bool) {
	for _, x := range w.declared() {
		if x.Name == name {
			return x, true
		}
	}
	return nil, false
}

func (w *world) exchanges() []string {
	var names []string
	for _, x := range w.declared() {
		names = append(names, x.Name)
	}
	return names
}

func (w *world) declared() []*topology.Exchange {
	var all []*topology.Exchange
	for _, p := range w.running() {
		for _, o := range p.app.Operations() {
			if o.Exchange != nil {
				all = append(all, o.Exchange)
			}
			if o.Subscription != nil && o.Subscription.Exchange != nil {
				all = append(all, o.Subscription.Exchange)
			}
		}
	}
	return all
}

// Queue declares a durable queue that nobody consumes, as the service does that
// is not there: what the app sends to it is stored. See [Published].
func (ts *Service) Queue(name string) {
	ts.t.Helper()
	ctx, cancel := ts.bounded()
	defer cancel()
	if err := ts.raw.(*conn).DeclareQueue(ctx, topology.QueueDeclaration{Name: name, Durable: true}); err != nil {
		ts.failf("%v", err)
	}
}

// isOutcome reports whether err is what a broker answers.
func isOutcome(err error) bool {
	return errors.Is(err, transport.ErrRefused) || errors.Is(err, transport.ErrNoRoute)
}
