package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// consumerKilled judges "acknowledged but unhandled": what a dead consumer had
// noted is handled, what it had acknowledged does not come again.
func consumerKilled() Scenario {
	const prefetch, concurrency = 100, 16
	return Scenario{
		Number: 3, Name: "consumer process killed",
		Short: 22 * time.Second, Full: 240 * time.Second,
		Must:     "0 lost; duplicates ≤ kills × prefetch",
		Controls: []string{string(victim.AckAll), string(victim.AckFirst)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			t := traffic{load: r.Load(50_000), faults: r.Faults(10), window: 200}
			j := r.Job(victim.Consumer, "consumer0", "work")
			j.Flavor, j.Work, j.Jitter = victim.Flavor(r.Control), 3*time.Millisecond, 20*time.Millisecond
			j.Concurrency, j.Prefetch = concurrency, prefetch
			child, err := r.Spawn(ctx, j)
			if err != nil {
				return oracle.Expect{}, err
			}
			done, err := t.publish(ctx, r)
			if err != nil {
				return oracle.Expect{}, err
			}
			// Before the work runs out, wherever the publishers are.
			for i, point := range r.Points(t.load*4/5, t.faults) {
				if err := r.At(ctx, journal.Handled, point); err != nil {
					return oracle.Expect{}, err
				}
				child.Kill()
				r.Injected()
				j.Name = r.Name + ".consumer" + string(rune('1'+i))
				if child, err = r.Spawn(ctx, j); err != nil {
					return oracle.Expect{}, err
				}
				r.Resumed(ctx, recoverWithin)
			}
			err = finish(ctx, r, done, "work")
			return oracle.Expect{Duplicates: t.faults * prefetch}, err
		},
	}
}
