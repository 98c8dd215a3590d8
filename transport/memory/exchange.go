package memory

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/parley-go/parley/transport/topology"
)

// exchange is a declared exchange. Its bindings change under the broker's mutex
// and are read without.
type exchange struct {
	declared topology.Exchange
	// arguments are the normalised ones, to compare with.
	arguments map[string]any
	bindings  atomic.Pointer[[]binding]
	// exact finds the queues of a direct exchange by key.
	exact atomic.Pointer[map[string][]*queue]
}

// binding ties a queue to an exchange. It is never changed.
type binding struct {
	queue     *queue
	key       string
	arguments map[string]any
	headers   headerMatch
}

func (x *exchange) list() []binding {
	if b := x.bindings.Load(); b != nil {
		return *b
	}
	return nil
}

// bind adds a binding unless it is there. The broker's mutex is held.
func (x *exchange) bind(b binding) {
	same := func(o binding) bool {
		return o.queue == b.queue && o.key == b.key && reflect.DeepEqual(o.arguments, b.arguments)
	}
	if !slices.ContainsFunc(x.list(), same) {
		x.replace(append(slices.Clone(x.list()), b))
	}
}

// unbind removes the bindings of q and reports whether that removed the last
// one. The broker's mutex is held.
func (x *exchange) unbind(q *queue) bool {
	old := x.list()
	left := slices.DeleteFunc(slices.Clone(old), func(b binding) bool { return b.queue == q })
	if len(left) == len(old) {
		return false
	}
	x.replace(left)
	return len(left) == 0
}

func (x *exchange) replace(bindings []binding) {
	x.bindings.Store(&bindings)
	if x.declared.Kind != topology.KindDirect {
		return
	}
	exact := map[string][]*queue{}
	for _, b := range bindings {
		exact[b.key] = append(exact[b.key], b.queue)
	}
	x.exact.Store(&exact)
}

// route adds the queues for a routing key to those that were found before.
func (x *exchange) route(found []*queue, key string, headers fields) []*queue {
	if x.declared.Kind == topology.KindDirect {
		if exact := x.exact.Load(); exact != nil {
			for _, q := range (*exact)[key] {
				found = with(found, q)
			}
		}
		return found
	}
	bindings := x.list()
	for i := range bindings {
		if b := &bindings[i]; x.matches(b, key, headers) {
			found = with(found, b.queue)
		}
	}
	return found
}

func (x *exchange) matches(b *binding, key string, headers fields) bool {
	switch x.declared.Kind {
	case topology.KindFanout:
		return true
	case topology.KindTopic:
		return matchTopic(b.key, key)
	default:
		return b.headers.matches(headers)
	}
}

// with adds q unless it is among found: a queue gets a message once.
func with(found []*queue, q *queue) []*queue {
	if slices.Contains(found, q) {
		return found
	}
	return append(found, q)
}

// predeclare makes the exchanges that every broker has.
//
// Source: AMQP 0-9-1 specification, section 3.1.3.
func (b *Broker) predeclare() {
	for name, kind := range map[string]string{
		"amq.direct": topology.KindDirect, "amq.fanout": topology.KindFanout, "amq.topic": topology.KindTopic,
		"amq.headers": topology.KindHeaders, "amq.match": topology.KindHeaders,
	} {
		b.exchanges.add(name, &exchange{declared: topology.NewExchange(kind, name)})
	}
}

// knownKind reports whether the broker has that kind of exchange.
func knownKind(kind string) bool {
	switch kind {
	case topology.KindDirect, topology.KindFanout, topology.KindTopic, topology.KindHeaders:
		return true
	}
	return false
}

func unknownKind(name, kind string) error {
	return permanent("exchange %q: wanted kind direct, fanout, topic or headers, got %q; hint: other kinds are plug-ins of RabbitMQ", name, kind)
}

// declareExchange returns the exchange that x describes, making it unless it
// exists. What exists and is equal costs a look into the directory.
func (b *Broker) declareExchange(x topology.Exchange) (*exchange, error) {
	if found, ok := b.exchanges.find(x.Name); ok {
		return found, found.equals(x)
	}
	switch {
	case x.Passive:
		return nil, permanent("exchange %q: wanted an existing one, got none (NOT_FOUND); hint: declare it, or leave topology.Passive out", x.Name)
	case !knownKind(x.Kind):
		return nil, unknownKind(x.Name, x.Kind)
	case strings.HasPrefix(x.Name, "amq."):
		return nil, permanent(`exchange %q: wanted a name that does not begin with "amq.", which the broker reserves (ACCESS_REFUSED)`, x.Name)
	case len(x.Name) > maxShort:
		return nil, permanent("exchange %q: wanted a name of at most %d bytes, got %d", x.Name, maxShort, len(x.Name))
	}
	arguments, err := normaliseArguments(x.Arguments)
	if err != nil {
		return nil, permanent("exchange %q: arguments: %w", x.Name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if found, ok := b.exchanges.find(x.Name); ok {
		return found, found.equals(x)
	}
	made := &exchange{declared: x, arguments: arguments}
	made.declared.Arguments = nil
	b.exchanges.add(x.Name, made)
	return made, nil
}

// equals returns an error that names the first difference.
func (x *exchange) equals(wanted topology.Exchange) error {
	d := x.declared
	switch {
	case wanted.Passive:
		return nil
	case wanted.Kind != d.Kind:
		return inequivalent("exchange", d.Name, "type", wanted.Kind, d.Kind)
	case wanted.Durable != d.Durable:
		return inequivalent("exchange", d.Name, "durable", wanted.Durable, d.Durable)
	case wanted.AutoDelete != d.AutoDelete:
		return inequivalent("exchange", d.Name, "auto_delete", wanted.AutoDelete, d.AutoDelete)
	case wanted.Internal != d.Internal:
		return inequivalent("exchange", d.Name, "internal", wanted.Internal, d.Internal)
	case len(wanted.Arguments)+len(x.arguments) == 0:
		return nil
	}
	arguments, err := normaliseArguments(wanted.Arguments)
	if err != nil {
		return permanent("exchange %q: arguments: %w", d.Name, err)
	}
	return compareArguments("exchange", d.Name, arguments, x.arguments)
}

// compareArguments names the first difference in the order of the names.
func compareArguments(what, name string, wanted, found map[string]any) error {
	all := maps.Clone(found)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, wanted)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(wanted[k], found[k]) {
			return inequivalent(what, name, k, shown(wanted, k), shown(found, k))
		}
	}
	return nil
}

func shown(arguments map[string]any, key string) any {
	if v, ok := arguments[key]; ok {
		return v
	}
	return "none"
}

func inequivalent(what, name, argument string, wanted, found any) error {
	return permanent("%s %q exists with another argument: inequivalent arg %q (PRECONDITION_FAILED): wanted %v, got %v; "+
		"hint: declare it as it is, delete it first, or use topology.Passive", what, name, argument, wanted, found)
}

func normaliseArguments(args topology.Arguments) (map[string]any, error) {
	if len(args) == 0 {
		return nil, nil
	}
	n, err := normalise(map[string]any(args))
	if err != nil {
		return nil, err
	}
	return n.(map[string]any), nil
}
