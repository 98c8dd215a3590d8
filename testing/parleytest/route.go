package parleytest

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// copyKey is a publication's copy in one queue.
type copyKey struct {
	number int
	queue  string
}

// expectation is a copy that will be delivered.
type expectation struct {
	sent *sent
	// due is when it comes out of a wait queue, zero when it is there.
	due time.Time
	// gone is when it expires, zero for never.
	gone time.Time
}

// expect notes which queues a publication goes to.
func (l *ledger) expect(s *sent, p *transport.Publication) {
	switch {
	case p.Exchange != nil:
		for _, sub := range l.subscriptions {
			if sub.takes(p.Exchange.Name, p.Key, p.Message.Headers) {
				l.expected[copyKey{s.number, sub.queue()}] = sub.expectation(s)
			}
		}
	case s.kind == waiting:
		queue, delay := waitQueue(p.Key)
		l.expected[copyKey{s.number, queue}] = expectation{sent: s, due: time.Now().Add(delay)}
	default:
		x := expectation{sent: s}
		if sub := l.consumerOf(p.Key); sub != nil {
			x = sub.expectation(s)
		} else if p.Message.Expiration > 0 {
			x.gone = time.Now().Add(p.Message.Expiration)
		}
		l.expected[copyKey{s.number, p.Key}] = x
	}
}

func (s *subscription) expectation(of *sent) expectation {
	ttl := of.message.Expiration
	if own, ok := s.topology.Queue.Arguments[topology.ArgMessageTTL].(int64); ok {
		if limit := time.Duration(own) * time.Millisecond; ttl == 0 || limit < ttl {
			ttl = max(limit, time.Nanosecond)
		}
	}
	x := expectation{sent: of}
	if ttl > 0 {
		x.gone = time.Now().Add(ttl)
	}
	return x
}

// unexpect forgets the copies of a publication that was not stored.
func (l *ledger) unexpect(s *sent) {
	for k := range l.expected {
		if k.number == s.number {
			delete(l.expected, k)
		}
	}
}

// consumerOf returns who consumes a queue, nil for nobody.
func (l *ledger) consumerOf(queue string) *subscription {
	for _, s := range l.subscriptions {
		if s.live && s.queue() == queue {
			return s
		}
	}
	return nil
}

// waitQueue takes the name of a wait queue apart.
func waitQueue(name string) (queue string, delay time.Duration) {
	queue, ms := name, 0
	if i := strings.LastIndex(name, ".wait."); i >= 0 {
		queue = name[:i]
		_, _ = fmt.Sscan(name[i+len(".wait."):], &ms)
	}
	return queue, time.Duration(ms) * time.Millisecond
}

// takes reports whether the broker gives s what is published to an exchange.
func (s *subscription) takes(exchange, key string, headers parley.Headers) bool {
	x := s.topology.Exchange
	if !s.live || x == nil || x.Name != exchange {
		return false
	}
	for _, b := range s.topology.Bindings {
		switch x.Kind {
		case topology.KindFanout:
			return true
		case topology.KindTopic:
			if matches(strings.Split(b.Key, "."), strings.Split(key, ".")) {
				return true
			}
		case topology.KindHeaders:
			if headersMatch(b.Arguments, headers) {
				return true
			}
		default:
			if b.Key == key {
				return true
			}
		}
	}
	return false
}

// matches reports whether a topic pattern takes a key.
func matches(pattern, key []string) bool {
	switch {
	case len(pattern) == 0:
		return len(key) == 0
	case pattern[0] == "#":
		return matches(pattern[1:], key) || len(key) > 0 && matches(pattern, key[1:])
	case len(key) == 0:
		return false
	default:
		return (pattern[0] == "*" || pattern[0] == key[0]) && matches(pattern[1:], key[1:])
	}
}

func headersMatch(want topology.Arguments, headers parley.Headers) bool {
	mode, _ := want["x-match"].(string)
	found, wanted := 0, 0
	for name, v := range want {
		if strings.HasPrefix(name, "x-") && !strings.HasSuffix(mode, "-with-x") || name == "x-match" {
			continue
		}
		wanted++
		if got, ok := headers[name]; ok && (v == nil || fmt.Sprint(v) == fmt.Sprint(got)) {
			found++
		}
	}
	if strings.HasPrefix(mode, "any") {
		return found > 0
	}
	return found == wanted
}
