package parleyotel

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/parley-go/parley"
)

// defaultExchange is how the conventions call a destination without any name.
const defaultExchange = "amq.default"

// destination names where an operation sends to or receives from, as the
// conventions say: exchange, routing key and, of a receiver, queue, without
// those that are empty or the same twice. The routing key is the address with
// its {parameters}. An answer that comes later has none that is known before.
func destination(op *parley.Operation) string {
	var parts []string
	add := func(part string) {
		if part != "" && (len(parts) == 0 || parts[len(parts)-1] != part) {
			parts = append(parts, part)
		}
	}
	if op.Exchange != nil {
		add(op.Exchange.Name)
	}
	if s := op.Subscription; s != nil && s.Exchange != nil {
		add(s.Exchange.Name)
	}
	add(op.Address)
	if s := op.Subscription; s != nil {
		add(s.Queue.Name)
	}
	if len(parts) == 0 && !op.Later {
		return defaultExchange
	}
	return strings.Join(parts, ":")
}

// destinationAttributes are the attributes of an operation's destination that
// spans and metrics have in common.
func destinationAttributes(op *parley.Operation, name string) []attribute.KeyValue {
	if name == "" {
		return nil
	}
	key := destinationKey
	if len(op.Parameters) > 0 {
		key = templateKey
	}
	return []attribute.KeyValue{key.String(name)}
}

// spanAttributes are further ones of spans alone.
func spanAttributes(op *parley.Operation) []attribute.KeyValue {
	var all []attribute.KeyValue
	if op.Address != "" && len(op.Parameters) == 0 {
		all = append(all, routingKeyKey.String(op.Address))
	}
	if s := op.Subscription; s != nil && s.Queue.Name == "" {
		all = append(all, temporaryKey.Bool(true), anonymousKey.Bool(true))
	}
	return all
}
