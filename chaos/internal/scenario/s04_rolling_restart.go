package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// rollingRestart counts what is handled twice; a message that only went back
// and forth untouched is none.
func rollingRestart() Scenario {
	const instances, budget = 3, 20 * time.Second
	return Scenario{
		Number: 4, Name: "SIGTERM under load, three consumers in turn",
		Short: 5 * time.Second, Full: 60 * time.Second,
		Must:     "0 lost, 0 duplicates, exit within the budget",
		Controls: []string{string(victim.NoDrain)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			t := traffic{load: r.Load(20_000), faults: r.Faults(instances), window: 100}
			children := make([]*victim.Child, instances)
			start := func(i int, name string) (err error) {
				j := r.Job(victim.Consumer, name, "work")
				j.Flavor, j.Work, j.Concurrency, j.Prefetch = victim.Flavor(r.Control), 20*time.Millisecond, 16, 64
				children[i], err = r.Spawn(ctx, j)
				return err
			}
			for i := range children {
				if err := start(i, "old"+string(rune('1'+i))); err != nil {
					return oracle.Expect{}, err
				}
			}
			done, err := t.publish(ctx, r)
			if err != nil {
				return oracle.Expect{}, err
			}
			turn := r.Choose("the first consumer", instances)
			for n, point := range r.Points(t.load*4/5, t.faults) {
				if err := r.At(ctx, journal.Handled, point); err != nil {
					return oracle.Expect{}, err
				}
				i := (turn + n) % instances
				began := time.Now()
				if err := children[i].Terminate(budget); err != nil {
					r.Wrongf("consumer %d: %v", i, err)
				}
				r.Took(time.Since(began))
				r.Injected()
				if err := start(i, "new"+string(rune('1'+i))); err != nil {
					return oracle.Expect{}, err
				}
			}
			return oracle.Expect{}, finish(ctx, r, done, "work")
		},
	}
}
