package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// serverKilled has two servers; one of them dies with requests in hand. The
// caller does not repeat itself: only the broker may.
func serverKilled() Scenario {
	const prefetch = 64
	return Scenario{
		Number: 20, Name: "server killed in the middle of requests",
		Short: 10 * time.Second, Full: 25 * time.Second,
		Must:     "every request is answered once, by the other server if need be",
		Controls: []string{string(victim.AckFirst)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load, faults := r.Load(5000), r.Faults(1)
			point := r.Points(load, 1)[0]
			server := r.Job(victim.Server, "server1", "work")
			server.Flavor, server.Work, server.Concurrency, server.Prefetch = victim.Flavor(r.Control), 10*time.Millisecond, 16, prefetch
			doomed, err := r.Spawn(ctx, server)
			if err != nil {
				return oracle.Expect{}, err
			}
			server.Name = r.Name + ".server2"
			if _, err := r.Spawn(ctx, server); err != nil {
				return oracle.Expect{}, err
			}
			caller := r.Job(victim.Caller, "caller", "work")
			caller.Concurrency, caller.Count, caller.First, caller.Timeout = 100, uint64(load), r.IDs(load), 15*time.Second
			caller.Once = true
			if r.Control != "" {
				// What was acknowledged is never answered.
				caller.Timeout = 8 * time.Second
			}
			done, _, err := r.Go(ctx, caller)
			if err != nil {
				return oracle.Expect{}, err
			}
			if err := r.At(ctx, journal.Handled, point*4/5); err != nil {
				return oracle.Expect{}, err
			}
			doomed.Kill()
			r.Injected()
			err = finish(ctx, r, []<-chan struct{}{done}, "work")
			unanswered := r.Count(journal.Unknown) + r.Count(journal.Failed)
			r.Requiref(unanswered == 0, "wanted an answer to every request, got none to %d of %d", unanswered, load)
			return oracle.Expect{Duplicates: faults * prefetch, Definite: true}, err
		},
	}
}
