package scenario

import (
	"context"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// brokerAway leaves the broker down for long, and counts the attempts.
func brokerAway() Scenario {
	return Scenario{
		Number: 9, Name: "broker down for a long time",
		Quiet: true, Short: 45 * time.Second, Full: 660 * time.Second,
		Must:     "reconnects however long it took; attempts per connection bounded by the longest pause",
		Controls: []string{"retry limit of 5"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			r.Faults(1)
			away := 10 * time.Minute
			if r.Short {
				away = 15 * time.Second
			}
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			network, url, err := r.Network()
			if err != nil {
				return oracle.Expect{}, err
			}
			if r.Control != "" {
				return oracle.Expect{}, limitedRetries(ctx, r, url)
			}
			app := b.app(url)
			app.Subscriber(r.Queue("work"), b.echo(0))
			target := app.Publisher(r.Queue("work"))
			if err := app.Start(ctx); err != nil {
				return oracle.Expect{}, err
			}
			if err := r.Node.Kill(); err != nil {
				return oracle.Expect{}, err
			}
			r.Injected()
			before := network.Counters().Accepted
			r.Wait(ctx, away)
			attempts := network.Counters().Accepted - before
			// Two connections; pauses double from 0.1 s to 2 s and are at least
			// half of that each.
			most := 2 * (int64(away/time.Second) + 8)
			r.Note("%d attempts in %v", attempts, away)
			r.Requiref(attempts >= 4 && attempts <= most, "wanted 4 to %d attempts to connect, got %d", most, attempts)
			if err := r.StartBroker(ctx); err != nil {
				return oracle.Expect{}, err
			}
			began := time.Now()
			id := r.IDs(1)
			b.journal.Note(journal.Attempted, id)
			_, err = target.Request(ctx, text(id))
			b.settle(id, err, nil)
			r.Requiref(err == nil, "wanted a call to be answered after the broker came back, got: %v", err)
			r.Took(time.Since(began))
			return oracle.Expect{}, nil
		},
	}
}

// limitedRetries is a client that gives up.
func limitedRetries(ctx context.Context, r *stage.Run, url string) error {
	pause := 5 * time.Second
	if r.Short {
		pause = time.Second
	}
	if err := r.Node.Kill(); err != nil {
		return err
	}
	r.Injected()
	connected := false
	for range 5 {
		conn, err := amqp.Dial(url)
		if connected = err == nil; connected {
			_ = conn.Close()
			break
		}
		r.Wait(ctx, pause)
	}
	r.Requiref(connected, "the client had given up when the broker came back")
	return r.StartBroker(ctx)
}
