package parleytest

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// ledger knows everything that was sent and delivered in one world. Its records
// are read and changed under its mutex only.
type ledger struct {
	mu    sync.Mutex
	begin time.Time
	// changed is closed and replaced when anything happens; last is when.
	changed chan struct{}
	last    time.Time

	sent          []*sent
	received      []*received
	events        []event
	subscriptions []*subscription
	// byMessage finds the delivery that a message was handed over with.
	byMessage map[*parley.Message]*received
	expected  map[copyKey]expectation
	// unconfirmed are the publications whose outcome is not known yet.
	unconfirmed map[*sent]struct{}
	// recorders are told of every message that an app takes.
	recorders []*recorder
}

func newLedger() *ledger {
	now := time.Now()
	return &ledger{
		begin: now, last: now, changed: make(chan struct{}),
		byMessage:   map[*parley.Message]*received{},
		expected:    map[copyKey]expectation{},
		unconfirmed: map[*sent]struct{}{},
	}
}

// changes returns what is closed when anything happens.
func (l *ledger) changes() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *ledger) bump() {
	l.last = time.Now()
	close(l.changed)
	l.changed = make(chan struct{})
}

// subscribed notes a consumer.
func (l *ledger) subscribed(by *party, t topology.Subscription) *subscription {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &subscription{by: by, topology: t, live: true}
	l.subscriptions = append(l.subscriptions, s)
	l.bump()
	return s
}

// unsubscribed notes that a consumer has stopped.
func (l *ledger) unsubscribed(s *subscription) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.live = false
	l.bump()
}

// publishing notes a publication before it is made.
func (l *ledger) publishing(by *party, parent *received, asks bool, p *transport.Publication) *sent {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := p.Message.Clone()
	m.Address, m.Exchange = p.Key, ""
	if p.Exchange != nil {
		m.Exchange = p.Exchange.Name
	}
	s := &sent{number: len(l.sent) + 1, at: time.Now(), by: by, message: m, kind: kindOf(p, asks)}
	if s.parent = parent; parent == nil {
		s.parent = l.movedFrom(s)
	}
	if s.parent != nil {
		s.parent.caused = append(s.parent.caused, s)
	}
	l.sent = append(l.sent, s)
	l.unconfirmed[s] = struct{}{}
	l.expect(s, p)
	l.event(s, s.parent, s.text())
	l.bump()
	return s
}

func kindOf(p *transport.Publication, asks bool) kind {
	switch {
	case asks:
		return request
	case p.Reply:
		return reply
	case p.Exchange == nil && topology.IsErrorQueue(p.Key):
		return failure
	case p.Exchange == nil && topology.IsOwned(p.Key):
		return waiting
	default:
		return plain
	}
}

// movedFrom finds the delivery of a message that is moved away and whose context
// does not tell: its handler outlived the delivery.
func (l *ledger) movedFrom(s *sent) *received {
	if s.kind != failure && s.kind != waiting {
		return nil
	}
	for i := len(l.received) - 1; i >= 0; i-- {
		r := l.received[i]
		t := r.subscription.topology
		mine := s.message.Address == t.ErrorQueue || strings.HasPrefix(s.message.Address, t.Queue.Name+".wait.")
		if mine && r.subscription.by == s.by && r.message.ID == s.message.ID {
			return r
		}
	}
	return nil
}

// concluded notes the outcome of a publication.
func (l *ledger) concluded(s *sent, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.unconfirmed, s)
	if s.outcome = err; err != nil {
		l.unexpect(s)
		l.event(s, s.parent, s.target()+": not stored: "+err.Error())
	}
	l.bump()
}

// arrived notes a delivery. number is that of its publication, 0 for unknown.
func (l *ledger) arrived(sub *subscription, number int, m *parley.Message) *received {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &received{at: time.Now(), subscription: sub, message: m.Clone()}
	if number > 0 && number <= len(l.sent) {
		r.from = l.sent[number-1]
	}
	delete(l.expected, copyKey{number, sub.queue()})
	l.received = append(l.received, r)
	l.byMessage[m] = r
	text := "delivered to " + strconv.Quote(sub.name())
	if m.Redelivered {
		text += " once more"
	}
	l.event(r.from, r, text)
	l.bump()
	return r
}

// record hands a delivery to the recorders, outside of the mutex.
func (l *ledger) record(r *received) {
	l.mu.Lock()
	recorders := l.recorders
	first := !r.message.Redelivered && (r.from == nil || r.from.kind != waiting)
	l.mu.Unlock()
	if !first || !r.subscription.by.tested {
		return
	}
	for _, w := range recorders {
		w.write(r.message)
	}
}

// name is how the queue is called in texts.
func (s *subscription) name() string {
	if s.topology.Queue.Name != "" {
		return s.topology.Queue.Name
	}
	return strings.TrimSuffix(s.topology.ErrorQueue, topology.ErrorQueueSuffix)
}

// of finds the delivery that m was handed over with.
func (l *ledger) of(m *parley.Message) *received {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byMessage[m]
}

// decided notes a verdict. comesBack says that the broker will deliver the
// message again whatever the verdict is.
func (l *ledger) decided(r *received, v transport.Verdict, comesBack bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.verdict, r.settled = v, time.Now()
	if r.from != nil && (comesBack || v == transport.Requeue || v == transport.Return) {
		l.expected[copyKey{r.from.number, r.subscription.queue()}] = expectation{sent: r.from}
	}
	l.event(r.from, r, "settled: "+r.outcome().String())
	l.bump()
}

// began notes a run of a handler.
func (l *ledger) began(r *received) *attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &attempt{begin: time.Now()}
	r.attempts = append(r.attempts, a)
	l.bump()
	return a
}

// ended notes the end of a run of a handler.
func (l *ledger) ended(r *received, a *attempt, result *parley.Message, err error, panics bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.done, a.err, a.panics = true, err, panics
	if result != nil && err == nil {
		a.result = result.Clone()
	}
	l.event(r.from, r, a.text())
	l.bump()
}
