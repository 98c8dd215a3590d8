package parley

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/parley-go/parley/transport"
)

// maxCarried bounds the sender's headers on a message in an error queue, in
// bytes on the wire. Together with those of the failure they must fit into one
// frame, 128 KiB by RabbitMQ's default: a message that arrived with as many as
// that could not be moved otherwise, and would be tried for ever.
const maxCarried = 96 << 10

// maxCarriedFields bounds their number: with those of the failure they must stay
// below what client libraries accept in one table, 8192.
const maxCarriedFields = 8000

// carried returns h, or as much of it as fits, the smallest first, with the
// number of those that do not.
func carried(h Headers) Headers {
	if len(h) <= maxCarriedFields && fieldSize(map[string]any(h)) <= maxCarried {
		return h
	}
	bySize := slices.SortedFunc(maps.Keys(h), func(a, b string) int {
		return cmp.Or(fieldSize(h[a])-fieldSize(h[b]), cmp.Compare(a, b))
	})
	kept, room := Headers{}, maxCarried
	for _, name := range bySize {
		if room -= entrySize(name, h[name]); room < 0 || len(kept) == maxCarriedFields {
			break
		}
		kept[name] = h[name]
	}
	kept[HeaderFailureOmitted] = int64(len(h) - len(kept))
	return kept
}

func entrySize(name string, v any) int { return len(name) + 1 + fieldSize(v) }

// fieldSize is about what a value takes on the wire and never less: a type and
// eight bytes, or a type, a length and the content.
func fieldSize(v any) int {
	size := 9
	switch v := v.(type) {
	case string:
		size += len(v)
	case []byte:
		size += len(v)
	case map[string]any:
		for name, v := range v {
			size += entrySize(name, v)
		}
	case []any:
		for _, v := range v {
			size += fieldSize(v)
		}
	case []string:
		for _, v := range v {
			size += fieldSize(v)
		}
	}
	return size
}

// sendable returns a message for an error queue without what no message can
// carry, as a handler may have written it into its own; it takes m over.
func sendable(m *Message) *Message {
	for _, text := range [...]*string{&m.ID, &m.CorrelationID, &m.ReplyTo, &m.Type, &m.AppID, &m.ContentType, &m.ContentEncoding} {
		if len(*text) > maxShortString {
			*text = ""
		}
	}
	m.ID = first(m.ID, newMessageID())
	kept := make(Headers, len(m.Headers))
	for name, v := range m.Headers {
		if len(name) <= maxShortString && carriable(v, maxNesting) {
			kept[name] = v
		}
	}
	before, _ := m.Headers[HeaderFailureOmitted].(int64)
	kept[HeaderFailureOmitted] = before + int64(len(m.Headers)-len(kept))
	m.Headers = kept
	return m
}

// maxNesting is how many levels of tables and lists client libraries accept.
const maxNesting = 32

// carriable reports whether a header may have the value v: see [Headers].
func carriable(v any, depth int) bool {
	switch v := v.(type) {
	case nil, bool, string, []byte, float32, float64, time.Time:
		return true
	case []string:
		return len(v) <= maxCarriedFields
	case []any:
		return len(v) <= maxCarriedFields && depth > 0 &&
			!slices.ContainsFunc(v, func(v any) bool { return !carriable(v, depth-1) })
	case map[string]any:
		return len(v) <= maxCarriedFields && depth > 0 && carriableTable(v, depth-1)
	default:
		_, ok, err := transport.Integer(v)
		return ok && err == nil
	}
}

func carriableTable(table map[string]any, depth int) bool {
	for name, v := range table {
		if len(name) > maxShortString || !carriable(v, depth) {
			return false
		}
	}
	return true
}
