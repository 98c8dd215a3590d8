package parley

import (
	"cmp"
	"maps"
	"slices"
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
