package msgpack

import (
	"encoding/binary"
	"math"

	"github.com/parley-go/parley/serialization"
)

// wellFormed checks that data is one value whose lengths fit in data and whose
// nesting is bounded, before anything is allocated for it. The library itself
// recurses without a bound and trusts lengths up to a million elements.
// https://github.com/msgpack/msgpack/blob/master/spec.md
func wellFormed(data []byte) error {
	var open [MaxNesting]int // elements still to come, per level
	depth, at := 0, 0
	for {
		size, elements, ok := head(data[at:])
		if !ok || elements > len(data)-at {
			return broken("MessagePack", "truncated or malformed MessagePack", at)
		}
		at += size
		if elements > 0 {
			if depth == MaxNesting {
				return broken("MessagePack nested less deeply", "a level too many", at)
			}
			open[depth] = elements
			depth++
			continue
		}
		for depth > 0 && open[depth-1] == 1 {
			depth--
		}
		if depth == 0 {
			break
		}
		open[depth-1]--
	}
	if at != len(data) {
		return broken("one MessagePack value", "more bytes after it", at)
	}
	return nil
}

func broken(wanted, got string, at int) error {
	return &serialization.Error{Wanted: wanted, Got: got, Offset: int64(at)}
}

// head reads the start of a value: how many bytes it and its own payload take,
// and how many values follow that belong to it.
func head(b []byte) (size, elements int, ok bool) {
	if len(b) == 0 {
		return 0, 0, false
	}
	c := b[0]
	switch {
	case c <= 0x7f, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3: // small integers, nil, booleans
		return 1, 0, true
	case c <= 0x8f: // fixmap
		return 1, 2 * int(c&0x0f), true
	case c <= 0x9f: // fixarray
		return 1, int(c & 0x0f), true
	case c <= 0xbf: // fixstr
		return payload(b, 1, uint64(c&0x1f))
	case c == 0xc1: // never used
		return 0, 0, false
	case c >= 0xca && c <= 0xd3: // floats and integers
		return payload(b, 1, uint64([...]int{4, 8, 1, 2, 4, 8, 1, 2, 4, 8}[c-0xca]))
	case c >= 0xd4 && c <= 0xd8: // fixext: type, 1 to 16 bytes
		return payload(b, 1, 1+uint64(1)<<(c-0xd4))
	}
	return sized(b)
}

// sized reads the values whose length is written behind their first byte.
func sized(b []byte) (size, elements int, ok bool) {
	c := b[0]
	width := lengthWidth(c)
	if len(b) < 1+width {
		return 0, 0, false
	}
	var wide [8]byte
	copy(wide[8-width:], b[1:1+width])
	n := binary.BigEndian.Uint64(wide[:])
	if n > math.MaxInt32/2 {
		return 0, 0, false
	}
	switch c {
	case 0xdc, 0xdd:
		return 1 + width, int(n), true
	case 0xde, 0xdf:
		return 1 + width, 2 * int(n), true
	case 0xc7, 0xc8, 0xc9:
		return payload(b, 1+width, n+1)
	default:
		return payload(b, 1+width, n)
	}
}

// lengthWidth is how many bytes write the length behind the first byte c.
func lengthWidth(c byte) int {
	switch c {
	case 0xc4, 0xc7, 0xd9: // bin 8, ext 8, str 8
		return 1
	case 0xc5, 0xc8, 0xda, 0xdc, 0xde: // bin 16, ext 16, str 16, array 16, map 16
		return 2
	default: // the same with 32
		return 4
	}
}

func payload(b []byte, start int, n uint64) (size, elements int, ok bool) {
	if n > uint64(len(b)-start) {
		return 0, 0, false
	}
	return start + int(n), 0, true
}
