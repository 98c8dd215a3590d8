package transport

import (
	"fmt"
	"math"
)

// Integer returns a header value of any integer type as an int64, the width in
// which all of them arrive. ok is false for values of other types. An unsigned
// value that does not fit is an error.
func Integer(v any) (n int64, ok bool, err error) {
	switch v := v.(type) {
	case int64:
		return v, true, nil
	case int:
		return int64(v), true, nil
	case int8:
		return int64(v), true, nil
	case int16:
		return int64(v), true, nil
	case int32:
		return int64(v), true, nil
	case uint8:
		return int64(v), true, nil
	case uint16:
		return int64(v), true, nil
	case uint32:
		return int64(v), true, nil
	case uint:
		return unsigned(uint64(v))
	case uint64:
		return unsigned(v)
	default:
		return 0, false, nil
	}
}

func unsigned(v uint64) (int64, bool, error) {
	if v > math.MaxInt64 {
		return 0, true, fmt.Errorf("wanted an integer of at most %d, got %d; hint: send it as a text", int64(math.MaxInt64), v)
	}
	return int64(v), true, nil
}

// Count returns a header value that counts something: an integer of any type,
// or a float without a fraction, from 0 to most.
func Count(v any, most int64) (n int64, ok bool) {
	n, ok, err := Integer(v)
	if ok {
		return n, err == nil && n >= 0 && n <= most
	}
	f, ok := v.(float64)
	if narrow, is := v.(float32); is {
		f, ok = float64(narrow), true
	}
	if !ok || f != math.Trunc(f) || f < 0 || f >= float64(most) {
		return 0, false
	}
	return int64(f), true
}
