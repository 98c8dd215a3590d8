package stream

import "sync/atomic"

// Window bounds what may be on its way to a reader: items, and bytes of their
// bodies. One item may overshoot the bytes, so that a large one always passes.
type Window struct{ Items, Bytes int64 }

const (
	// FirstItems are granted with a request: many idle readers must not reserve
	// much.
	FirstItems = 32
	// FirstBytes are granted with a request.
	FirstBytes = 64 << 10
	// MostBytes is where the window in bytes ends growing: more than 1 to 2 MiB
	// in flight only costs memory.
	MostBytes = 1 << 20
	// MostItems bounds a window that is asked for.
	MostItems = 4096
	// BudgetBytes is what all windows of a connection may grow to together.
	BudgetBytes = 64 << 20
)

// Budget is the bytes that windows share when they grow.
type Budget struct{ used atomic.Int64 }

// reserve takes n bytes; false when they are not there.
func (b *Budget) reserve(n int64) bool {
	if b.used.Add(n) <= BudgetBytes {
		return true
	}
	b.used.Add(-n)
	return false
}

// Used returns the bytes that are reserved.
func (b *Budget) Used() int64 { return b.used.Load() }
