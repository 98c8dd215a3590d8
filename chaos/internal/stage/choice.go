package stage

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley/chaos/internal/victim"
)

// Choose picks one of n, and notes it as part of the plan.
func (r *Run) Choose(what string, n int) int {
	chosen := r.Rand.IntN(n)
	r.planned("%s: %d of %d", what, chosen, n)
	return chosen
}

// Points are n places within total at which faults come: one in each n-th of
// its middle part, in order.
func (r *Run) Points(total, n int) []int {
	all := make([]int, n)
	// Faults neither come before the traffic flows nor after it ended.
	first, step := total/(2*(n+1)), total/(n+1)
	for i := range all {
		all[i] = first + i*step + r.Rand.IntN(max(1, step))
	}
	r.planned("faults at %v of %d", all, total)
	return all
}

// Jitter is a time below most, always the same for a message of a run. It may
// be called concurrently.
func (r *Run) Jitter(id uint64, most time.Duration) time.Duration {
	return victim.Jitter(r.seed, id, most)
}

func (r *Run) planned(format string, args ...any) {
	r.plan = append(r.plan, fmt.Sprintf(format, args...))
}

// pulse measures how late the driver itself is: on a loaded machine whatever it
// times is late by as much.
type pulse struct{ worst atomic.Int64 }

const beatEvery = 20 * time.Millisecond

func (p *pulse) beat(ctx context.Context) {
	tick := time.NewTimer(beatEvery)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		late := time.Since(last) - beatEvery
		p.worst.Store(max(p.worst.Load(), int64(late)))
		last = time.Now()
		tick.Reset(beatEvery)
	}
}

// hangs is how long a control that hangs by design is watched.
const hangs = 8 * time.Second

// Within is a limit for what must happen soon: extended by Grace where every
// protection is in place, and shortened in a control, in which it never does.
func (r *Run) Within(limit time.Duration) time.Duration {
	if r.Control != "" {
		return min(limit, hangs)
	}
	return limit + r.Grace()
}

// Grace is what a limit of time is extended by: a multiple of the worst delay
// that the driver itself has met so far, next to nothing on a quiet machine.
func (r *Run) Grace() time.Duration {
	const multiple = 5
	return multiple * time.Duration(r.pulse.worst.Load())
}
