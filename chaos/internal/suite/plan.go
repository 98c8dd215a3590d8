package suite

import (
	"cmp"
	"slices"
	"time"

	"github.com/parley-go/parley/chaos/internal/scenario"
)

// What a run takes of which nobody said.
const (
	guessShort = 10 * time.Second
	guessFull  = time.Minute
)

// task is one run of a scenario.
type task struct {
	one scenario.Scenario
	// run is 0 with every protection, else the place of the control, from 1 on.
	run int
}

func (t task) control() string {
	if t.run == 0 {
		return ""
	}
	return t.one.Controls[t.run-1]
}

// unit are the runs of a scenario, which go one after the other on the same
// lane: a control may build on what the run before it left.
type unit struct {
	tasks []task
	quiet bool
	cost  time.Duration
}

// units returns all that is to be done, the longest first, so that no lane is
// left alone with it in the end.
func units(o *Options) []unit {
	var all []unit
	for _, one := range o.Scenarios {
		u := unit{quiet: one.Quiet, cost: cost(o, one)}
		for i := range len(one.Controls) + 1 {
			u.tasks = append(u.tasks, task{one, i})
		}
		all = append(all, u)
	}
	slices.SortStableFunc(all, func(a, b unit) int { return cmp.Compare(b.cost, a.cost) })
	return all
}

// next takes one of the units for a lane: every other lane is for those that
// mostly wait, as long as there are any of its kind.
func next(all []unit, lane int) (unit, []unit) {
	i := max(0, slices.IndexFunc(all, func(u unit) bool { return u.quiet == (lane%2 == 1) }))
	return all[i], slices.Delete(slices.Clone(all), i, i+1)
}

// estimate is how long all takes with so many lanes.
func estimate(all []unit, lanes int) time.Duration {
	busy := make([]time.Duration, max(1, lanes))
	for len(all) > 0 {
		lane := slices.Index(busy, slices.Min(busy))
		var u unit
		u, all = next(all, lane)
		busy[lane] += u.cost
	}
	return slices.Max(busy)
}

func cost(o *Options, one scenario.Scenario) time.Duration {
	each := guessFull
	if o.Short {
		each = guessShort
	}
	guess := time.Duration(len(one.Controls)+1) * each
	switch {
	case o.Soak > 0 && one.Number == soak:
		return o.Soak + o.Soak/10
	case o.Short && one.Short > 0:
		return one.Short
	case !o.Short && one.Full > 0:
		return one.Full
	}
	return guess
}
