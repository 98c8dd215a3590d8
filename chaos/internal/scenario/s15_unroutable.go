package scenario

import (
	"context"
	"errors"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/transport/topology"
)

// unroutable sends half of its load as messages and half as calls to where
// nobody is.
func unroutable() Scenario {
	const soon, late = 50 * time.Millisecond, time.Second
	return Scenario{
		Number: 15, Name: "unroutable publishes and calls",
		Short: 2 * time.Second, Full: 5 * time.Second,
		Must:     "each fails with ErrNoRoute, 99.9 % within 50 ms, none after more than 1 s",
		Controls: []string{"mandatory off"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			expect := oracle.Expect{Definite: true}
			load := r.Load(10_000)
			b, err := newBench(r)
			if err != nil {
				return expect, err
			}
			defer b.close()
			options := []parley.SendOption{parley.To(topology.Topic(r.Queue("exchange")))}
			if r.Control == "" {
				options = append(options, parley.Mandatory())
			}
			app := b.app(r.Node.URL())
			events := app.Publisher("nobody", options...)
			calls := app.Publisher(r.Queue("nobody"))
			if err := app.Start(ctx); err != nil {
				return expect, err
			}
			var took durations
			crowd(load, 8, r.IDs(load), func(id uint64) {
				b.journal.Note(journal.Attempted, id)
				began := time.Now()
				if id%2 == 0 {
					err := events.Publish(ctx, text(id))
					took.add(time.Since(began))
					b.settle(id, err, parley.ErrNoRoute)
					return
				}
				_, err := calls.Request(ctx, text(id))
				took.add(time.Since(began))
				b.settle(id, err, parley.ErrNoRoute)
			})
			most, longest := soon+r.Grace(), late+r.Grace()
			r.Note("%d of %d within %v", load-took.over(soon), load, soon)
			r.Requiref(took.over(most) <= load/1000, "wanted 99.9 %% within %v, got %d of %d later", most, took.over(most), load)
			r.Requiref(took.over(longest) == 0, "wanted all within %v, got %d later", longest, took.over(longest))
			return expect, nil
		},
	}
}

// settle notes the outcome of id, which should be want.
func (b *bench) settle(id uint64, err, want error) {
	switch {
	case err == nil:
		b.journal.Note(journal.OK, id)
	case errors.Is(err, parley.ErrOutcomeUnknown):
		b.journal.Note(journal.Unknown, id)
	default:
		b.journal.Note(journal.Failed, id)
	}
	if want != nil && err != nil && !errors.Is(err, want) {
		b.Wrongf("message %d: wanted %v, got: %v", id, want, err)
	}
}
