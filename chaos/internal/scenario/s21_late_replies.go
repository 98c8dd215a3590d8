package scenario

import (
	"context"
	"errors"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// lateReplies has a server that takes twice as long as its callers wait. Those
// with a time limit said so, and their replies are not sent at all; those that
// give up by themselves get one each, which is counted and not delivered.
func lateReplies() Scenario {
	const patience = time.Second
	return Scenario{
		Number: 21, Name: "replies that come too late",
		Quiet: true, Short: 5 * time.Second, Full: 8 * time.Second,
		Must:     "each call ends once, at its time; late replies are counted; none stays pending",
		Controls: []string{"pending entry kept"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load := r.Load(1000)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			server, client := b.app(r.Node.URL()), b.app(r.Node.URL())
			server.Subscriber(r.Queue("work"), b.echo(2*patience), parley.Concurrency(load))
			target := client.Publisher(r.Queue("work"))
			for _, app := range b.apps {
				if err := app.Start(ctx); err != nil {
					return oracle.Expect{}, err
				}
			}
			if r.Control != "" {
				raw, err := victim.NewRawCaller(r.Node.URL(), r.Queue("work"), false)
				if err != nil {
					return oracle.Expect{}, err
				}
				defer raw.Close()
				raw.Forgetful = true
				crowd(load, load, r.IDs(load), func(id uint64) {
					b.journal.Note(journal.Attempted, id)
					_, err := raw.Call(ctx, text(id), patience)
					b.settle(id, err, nil)
				})
				r.Requiref(raw.Pending() == 0, "wanted no call pending, got %d", raw.Pending())
				return oracle.Expect{Definite: true}, nil
			}
			crowd(load, load, r.IDs(load), func(id uint64) {
				b.journal.Note(journal.Attempted, id)
				limited, cancel := context.WithCancel(ctx)
				defer cancel()
				option := parley.Timeout(patience)
				want := parley.ErrTimeout
				if id%2 == 0 {
					defer time.AfterFunc(patience, cancel).Stop()
					option, want = parley.NoTimeout(), context.Canceled
				}
				_, err := target.Request(limited, text(id), option)
				b.settle(id, err, want)
				r.Requiref(errors.Is(err, parley.ErrOutcomeUnknown), "call %d: wanted an unknown outcome, got: %v", id, err)
			})
			late := func() uint64 { return client.Stats().LateReplies }
			wanted := uint64(load / 2)
			r.Requiref(r.Until(ctx, 30*time.Second, func() bool { return late() == wanted }), "wanted %d late replies, got %d", wanted, late())
			return oracle.Expect{}, nil
		},
	}
}
