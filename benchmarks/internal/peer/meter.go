package peer

import (
	"math"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// meter measures this process from the moment it was started.
type meter struct {
	at     time.Time
	usage  syscall.Rusage
	allocs uint64
}

// startMeter collects garbage once, so that a run does not pay for what came
// before it, and reads the clocks.
func startMeter() meter {
	runtime.GC()
	m := meter{allocs: mallocs()}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &m.usage) // fails only for a bad argument
	m.at = time.Now()
	return m
}

// stop returns what happened since the start.
func (m meter) stop(n int) Result {
	elapsed := time.Since(m.at)
	var now syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &now)
	return Result{
		N:       n,
		Seconds: elapsed.Seconds(),
		User:    seconds(now.Utime) - seconds(m.usage.Utime),
		System:  seconds(now.Stime) - seconds(m.usage.Stime),
		Allocs:  float64(mallocs() - m.allocs),
	}
}

func seconds(t syscall.Timeval) float64 {
	return time.Duration(t.Nano()).Seconds()
}

func mallocs() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

// percentile returns sorted[⌊q·n⌋] in microseconds. It sorts d.
func percentile(d []time.Duration, q float64) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	at := min(int(math.Floor(q*float64(len(d)))), len(d)-1)
	return float64(d[at]) / float64(time.Microsecond)
}
