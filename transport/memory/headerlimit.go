package memory

import (
	"fmt"

	"github.com/parley-go/parley/transport"
)

// What a message of RabbitMQ's can carry: its headers are sent in one frame, and
// client libraries bound tables and lists.
const (
	maxHeaderBytes = 120 << 10
	maxElements    = 8192
	maxNesting     = 32
)

// checkHeaders bounds headers as the RabbitMQ transport does.
func checkHeaders(h transport.Headers) error {
	room := maxHeaderBytes
	return checkTable(h, 0, &room)
}

func checkTable(h map[string]any, depth int, room *int) error {
	if len(h) > maxElements {
		return fmt.Errorf("wanted tables and lists of at most %d elements, got %d", maxElements, len(h))
	}
	for name, v := range h {
		if len(name) > maxShort {
			return fmt.Errorf("wanted header names of at most %d bytes, got one of %d", maxShort, len(name))
		}
		*room -= len(name) + 2
		if err := checkValue(v, depth, room); err != nil {
			return fmt.Errorf("header %q: %w", name, err)
		}
	}
	return nil
}

func checkValue(v any, depth int, room *int) error {
	var err error
	switch v := v.(type) {
	case string:
		*room -= len(v) + 4
	case []byte:
		*room -= len(v) + 4
	case []any:
		err = checkList(len(v), func(i int) any { return v[i] }, depth+1, room)
	case []string:
		err = checkList(len(v), func(i int) any { return v[i] }, depth+1, room)
	case map[string]any:
		*room -= 8
		if err = checkDepth(depth + 1); err == nil {
			err = checkTable(v, depth+1, room)
		}
	default:
		*room -= 8
	}
	if err == nil && *room < 0 {
		err = fmt.Errorf("wanted headers of at most %d bytes together, got more", maxHeaderBytes)
	}
	return err
}

func checkList(n int, at func(int) any, depth int, room *int) error {
	if err := checkDepth(depth); err != nil {
		return err
	}
	if n > maxElements {
		return fmt.Errorf("wanted tables and lists of at most %d elements, got %d", maxElements, n)
	}
	*room -= 8 + n
	for i := range n {
		if err := checkValue(at(i), depth, room); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

func checkDepth(depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("wanted at most %d levels, got more", maxNesting)
	}
	return nil
}
