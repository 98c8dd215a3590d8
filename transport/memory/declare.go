package memory

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"strings"

	"github.com/parley-go/parley/transport/topology"
)

// generatedPrefix begins the names that the broker gives.
const generatedPrefix = "amq.gen-"

// generatedName returns a name with 128 random bits.
func generatedName(prefix string) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // It never fails: it ends the program instead.
	return prefix + base64.RawURLEncoding.EncodeToString(random[:])
}

// declare makes what s owns, or checks it where s is passive, and returns the
// queue to consume. owner is whose exclusive queues may be used.
func (b *Broker) declare(s topology.Subscription, owner *conn) (*queue, error) {
	var x *exchange
	if s.Exchange != nil {
		wanted := *s.Exchange
		wanted.Passive = wanted.Passive || s.Passive
		var err error
		if x, err = b.declareExchange(wanted); err != nil {
			return nil, err
		}
	}
	if s.Passive {
		return b.existing(s, owner)
	}
	if s.ErrorQueue != "" {
		if _, err := b.declareQueue(s.ErrorQueueDeclaration(), owner); err != nil {
			return nil, err
		}
	}
	q, err := b.declareQueue(s.Queue, owner)
	if err != nil || x == nil {
		return q, err
	}
	return q, b.bind(x, q, s.Bindings)
}

// existing returns the queue of a passive subscription.
func (b *Broker) existing(s topology.Subscription, owner *conn) (*queue, error) {
	const missing = "queue %q: wanted an existing one, got none (NOT_FOUND); hint: start the subscriber that declares it, correct the name, or leave topology.Passive out"
	if _, ok := b.queues.find(s.ErrorQueue); !ok && s.ErrorQueue != "" {
		return nil, permanent(missing, s.ErrorQueue)
	}
	q, ok := b.queues.find(s.Queue.Name)
	if !ok {
		return nil, permanent(missing, s.Queue.Name)
	}
	return q, q.lockedFor(owner)
}

// declareQueue returns the queue that d describes, making it unless it exists.
func (b *Broker) declareQueue(d topology.QueueDeclaration, owner *conn) (*queue, error) {
	arguments, err := normaliseArguments(d.Arguments)
	if err != nil {
		return nil, permanent("queue %q: arguments: %w", d.Name, err)
	}
	limits, err := readLimits(arguments)
	if err != nil {
		return nil, permanent("queue %q: %w", d.Name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if d.Name == "" {
		d.Name = generatedName(generatedPrefix)
	} else if q, ok := b.queues.find(d.Name); ok {
		return q, q.declaredAgain(d, arguments, owner)
	} else if strings.HasPrefix(d.Name, "amq.") {
		return nil, permanent(`queue %q: wanted a name that does not begin with "amq.", which the broker reserves (ACCESS_REFUSED)`, d.Name)
	}
	if len(d.Name) > maxShort {
		return nil, permanent("queue %q: wanted a name of at most %d bytes, got %d", d.Name, maxShort, len(d.Name))
	}
	d.Arguments = nil
	q := newQueue(b, d, arguments, limits)
	if d.Exclusive {
		q.owner = owner
	}
	b.queues.add(d.Name, q)
	q.used()
	return q, nil
}

// declaredAgain compares a second declaration with the queue.
func (q *queue) declaredAgain(d topology.QueueDeclaration, arguments map[string]any, owner *conn) error {
	if err := q.lockedFor(owner); err != nil {
		return err
	}
	switch {
	case d.Durable != q.declared.Durable:
		return inequivalent("queue", d.Name, "durable", d.Durable, q.declared.Durable)
	case d.Exclusive != q.declared.Exclusive:
		return inequivalent("queue", d.Name, "exclusive", d.Exclusive, q.declared.Exclusive)
	case d.AutoDelete != q.declared.AutoDelete:
		return inequivalent("queue", d.Name, "auto_delete", d.AutoDelete, q.declared.AutoDelete)
	}
	q.used()
	return compareArguments("queue", d.Name, untyped(arguments), untyped(q.arguments))
}

// untyped leaves out the type classic, which a queue without a type has.
func untyped(arguments map[string]any) map[string]any {
	if arguments[topology.ArgQueueType] != topology.TypeClassic {
		return arguments
	}
	arguments = maps.Clone(arguments)
	delete(arguments, topology.ArgQueueType)
	return arguments
}

// lockedFor returns an error when q belongs to another connection.
func (q *queue) lockedFor(owner *conn) error {
	if q.declared.Exclusive && q.owner != owner {
		return permanent("queue %q: wanted to use it, got an exclusive queue of another connection (RESOURCE_LOCKED); "+
			"hint: share one that is not exclusive", q.declared.Name)
	}
	return nil
}

func (b *Broker) bind(x *exchange, q *queue, bindings []topology.Binding) error {
	made := make([]binding, len(bindings))
	for i, wanted := range bindings {
		arguments, err := normaliseArguments(wanted.Arguments)
		switch {
		case err != nil:
			return permanent("binding of queue %q to exchange %q: arguments: %w", q.declared.Name, x.declared.Name, err)
		case !knownMatch(wanted.Arguments) && x.declared.Kind == topology.KindHeaders:
			return permanent(`binding of queue %q to exchange %q: wanted x-match "all", "any", "all-with-x" or "any-with-x", got %v`,
				q.declared.Name, x.declared.Name, wanted.Arguments[argMatch])
		}
		made[i] = binding{queue: q, key: wanted.Key, arguments: arguments, headers: compileHeaderMatch(arguments)}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// The exchange may have deleted itself in between.
	if found, _ := b.exchanges.find(x.declared.Name); found != x {
		b.exchanges.add(x.declared.Name, x)
	}
	for _, m := range made {
		x.bind(m)
	}
	return nil
}

// deleteQueue removes q from the directory and its bindings and ends its
// consumers, which it returns. With a condition it does so only if that holds,
// asked under the queue's mutex. The queue's messages are gone.
func (b *Broker) deleteQueue(q *queue, condition func() bool) (orphans []*feed, deleted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q.mu.Lock()
	if q.deleted || condition != nil && !condition() {
		q.mu.Unlock()
		return nil, false
	}
	orphans = q.end()
	q.mu.Unlock()
	b.queues.remove(q.declared.Name)
	for name, x := range b.exchanges.all() {
		if x.unbind(q) && x.declared.AutoDelete {
			b.exchanges.remove(name)
		}
	}
	return orphans, true
}
