package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// recoverWithin is how soon messages must be handled after a fault ended.
const recoverWithin = 30 * time.Second

// publishers share the load of a traffic.
const publishers = 4

// traffic is publishing and consuming while faults come at even steps of the
// load.
type traffic struct {
	load, faults, window, prefetch int
	work                           time.Duration
	// flavor is of the publishers, consumers of the consumer.
	flavor, consumers victim.Flavor
	quorum            bool
	hosts             []string
}

func (t *traffic) run(ctx context.Context, r *stage.Run, fault func(context.Context) error) error {
	if err := t.consume(ctx, r); err != nil {
		return err
	}
	done, err := t.publish(ctx, r)
	if err != nil {
		return err
	}
	for i := range t.faults {
		if err := r.At(ctx, journal.Attempted, t.load*(i+1)/(t.faults+1)); err != nil {
			return err
		}
		if err := fault(ctx); err != nil {
			return err
		}
		r.Resumed(ctx, recoverWithin)
	}
	for _, d := range done {
		select {
		case <-d:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	r.Settle(ctx, 2*time.Minute, "work")
	return nil
}

func (t *traffic) consume(ctx context.Context, r *stage.Run) error {
	j := r.Job(victim.Consumer, "consumer", "work")
	j.Flavor, j.Work, j.Concurrency, j.Prefetch, j.Quorum, j.Hosts = t.consumers, t.work, 32, t.prefetch, t.quorum, t.hosts
	_, _, err := r.Go(ctx, j)
	return err
}

func (t *traffic) publish(ctx context.Context, r *stage.Run) ([]<-chan struct{}, error) {
	var all []<-chan struct{}
	for i := range publishers {
		j := r.Job(victim.Publisher, "publisher"+string(rune('1'+i)), "work")
		j.Flavor, j.Concurrency, j.Hosts = t.flavor, t.window/publishers, t.hosts
		j.Count = uint64(t.load / publishers)
		j.First = r.IDs(t.load / publishers)
		done, _, err := r.Go(ctx, j)
		if err != nil {
			return nil, err
		}
		all = append(all, done)
	}
	return all, nil
}
