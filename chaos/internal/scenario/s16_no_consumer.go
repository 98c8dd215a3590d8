package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// noConsumer calls a queue that nobody reads, and starts the server when the
// callers have given up: it must run none of the requests.
func noConsumer() Scenario {
	const timeout, slack = 2 * time.Second, 500 * time.Millisecond
	return Scenario{
		Number: 16, Name: "requests to a queue without consumers",
		Quiet: true, Short: 8 * time.Second, Full: 10 * time.Second,
		Must:     "each ends at its 2 s; a server that starts later runs none of them",
		Controls: []string{"expiration off"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			var expect oracle.Expect
			load := r.Load(1000)
			b, err := newBench(r)
			if err != nil {
				return expect, err
			}
			defer b.close()
			server := b.app(r.Node.URL())
			server.Subscriber(r.Queue("work"), b.echo(0))
			client := b.app(r.Node.URL())
			target := client.Publisher(r.Queue("work"))
			for _, app := range b.apps {
				if err := app.Start(ctx); err != nil {
					return expect, err
				}
			}
			// The server's first life only declares the queue.
			if err := server.Stop(ctx); err != nil {
				return expect, err
			}
			var took durations
			crowd(load, load, r.IDs(load), func(id uint64) {
				b.journal.Note(journal.Attempted, id)
				limited, option := ctx, parley.Timeout(timeout)
				if r.Control != "" {
					// A caller that goes away without having said when.
					var cancel context.CancelFunc
					limited, cancel = context.WithCancel(ctx)
					defer time.AfterFunc(timeout, cancel).Stop()
					option = parley.NoTimeout()
				}
				began := time.Now()
				_, err := target.Request(limited, text(id), option)
				took.add(time.Since(began))
				b.settle(id, err, nil)
			})
			most := timeout + slack + r.Grace()
			r.Requiref(took.over(most) == 0, "wanted every call to end within %v, got %d later", most, took.over(most))
			// A deadline is relative: what was long on its way to the broker expires
			// later than its caller gives up.
			r.Wait(ctx, time.Second+r.Grace())
			if err := server.Start(ctx); err != nil {
				return expect, err
			}
			r.Settle(ctx, time.Minute, "work")
			r.Wait(ctx, time.Second)
			r.Requiref(r.Count(journal.Handled) == 0, "wanted no expired request to run, got %d", r.Count(journal.Handled))
			return expect, nil
		},
	}
}
