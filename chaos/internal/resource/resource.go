// Package resource measures what a process holds, to see whether it gave back
// what it took.
package resource

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

// What may be left: timers and pools come and go by themselves.
const (
	// Goroutines above the baseline.
	Goroutines = 10
	// Descriptors above the baseline.
	Descriptors = 10
	// Heap above the baseline, in bytes in use after a collection.
	Heap = 16 << 20
)

// folders list a process's descriptors, on Linux and elsewhere.
var folders = []string{"/proc/self/fd", "/dev/fd"}

// Use is what a process holds.
type Use struct {
	Goroutines int
	// Descriptors are files and sockets; 0 where they cannot be counted.
	Descriptors int
	// Heap is in bytes.
	Heap uint64
}

// Now collects garbage and measures.
func Now() Use {
	// What has a finalizer is freed by the second collection.
	runtime.GC()
	runtime.GC()
	return Glance()
}

// Glance measures without collecting garbage: the heap is what it is now.
func Glance() Use {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Use{Goroutines: runtime.NumGoroutine(), Descriptors: descriptors(), Heap: m.HeapAlloc}
}

func descriptors() int {
	for _, folder := range folders {
		if all, err := os.ReadDir(folder); err == nil {
			// The folder itself is open while it is read.
			return len(all) - 1
		}
	}
	return 0
}

// Over says what u holds more than base, beyond what is tolerated; nothing is
// nil.
func (u Use) Over(base Use) (all []string) {
	if u.Goroutines > base.Goroutines+Goroutines {
		all = append(all, fmt.Sprintf("wanted at most %d goroutines, got %d", base.Goroutines+Goroutines, u.Goroutines))
	}
	if u.Descriptors > base.Descriptors+Descriptors {
		all = append(all, fmt.Sprintf("wanted at most %d descriptors, got %d", base.Descriptors+Descriptors, u.Descriptors))
	}
	if u.Heap > base.Heap+Heap {
		all = append(all, fmt.Sprintf("wanted at most %d MiB of heap, got %d", (base.Heap+Heap)>>20, u.Heap>>20))
	}
	return all
}

// Settle measures until nothing is left above base, or for limit at most, and
// returns the last measurement.
func Settle(base Use, limit time.Duration) Use {
	for end := time.Now().Add(limit); ; time.Sleep(100 * time.Millisecond) {
		if now := Now(); now.Over(base) == nil || time.Now().After(end) {
			return now
		}
	}
}

// Span is a process before and after its work.
type Span struct {
	// Name is that of the process.
	Name          string
	Before, After Use
	// Early and Late are from the first and the last quarter of its life, the
	// most of the one and the least of the other; zero for a short life.
	Early, Late Use
	// Work is how many goroutines come and go with what is in hand.
	Work int
}

// Watch measures at each tick until stop is closed, and fills in Early and Late.
func (s *Span) Watch(tick <-chan time.Time, stop <-chan struct{}) {
	var all []Use
	for watching := true; watching; {
		select {
		case <-tick:
			all = append(all, Now())
		case <-stop:
			watching = false
		}
	}
	quarter := len(all) / 4
	if quarter < 2 {
		return
	}
	s.Early, s.Late = fold(all[:quarter], largest), fold(all[len(all)-quarter:], least)
}

func fold(all []Use, f func(a, b Use) Use) Use {
	u := all[0]
	for _, next := range all[1:] {
		u = f(u, next)
	}
	return u
}

func largest(a, b Use) Use {
	return Use{max(a.Goroutines, b.Goroutines), max(a.Descriptors, b.Descriptors), max(a.Heap, b.Heap)}
}

func least(a, b Use) Use {
	return Use{min(a.Goroutines, b.Goroutines), min(a.Descriptors, b.Descriptors), min(a.Heap, b.Heap)}
}

// Over says what was left, see [Use.Over].
func (s Span) Over() (all []string) {
	for _, text := range s.After.Over(s.Before) {
		all = append(all, fmt.Sprintf("left over in %s: %s", s.Name, text))
	}
	early := s.Early
	early.Goroutines += s.Work
	for _, text := range s.Late.Over(early) {
		all = append(all, fmt.Sprintf("piling up in %s: %s", s.Name, text))
	}
	return all
}

// String prints goroutines, descriptors and heap, before and after.
func (s Span) String() string {
	return fmt.Sprintf("%s: goroutines %d → %d, descriptors %d → %d, heap %.1f → %.1f MiB", s.Name, s.Before.Goroutines, s.After.Goroutines,
		s.Before.Descriptors, s.After.Descriptors, float64(s.Before.Heap)/(1<<20), float64(s.After.Heap)/(1<<20))
}
