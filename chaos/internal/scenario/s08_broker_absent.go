package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// brokerAbsent starts an app before its broker.
func brokerAbsent() Scenario {
	return Scenario{
		Number: 8, Name: "broker down at start-up",
		Quiet: true, Short: 28 * time.Second, Full: 60 * time.Second,
		Must:     "by option: a clear error at once, or waiting until everything consumes",
		Controls: []string{"fail-fast mode"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			r.Faults(1)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			if err := r.Node.Kill(); err != nil {
				return oracle.Expect{}, err
			}
			r.Injected()
			hasty := parley.New(rabbitmq.New(r.Node.URL()), parley.FailFast(), parley.Logger(b.logger()))
			began := time.Now()
			r.Requiref(hasty.Start(ctx) != nil && time.Since(began) < 5*time.Second+r.Grace(), "fail-fast mode: wanted an error within 5 s")

			app := b.app(r.Node.URL())
			if r.Control != "" {
				app = parley.New(rabbitmq.New(r.Node.URL()), parley.FailFast(), parley.Logger(b.logger()))
			}
			app.Subscriber(r.Queue("work"), b.echo(0))
			target := app.Publisher(r.Queue("work"))
			started := make(chan error, 1)
			go func() { started <- app.Start(ctx) }()
			r.Wait(ctx, time.Duration(15/r.Part())*time.Second)
			if err := r.StartBroker(ctx); err != nil {
				return oracle.Expect{}, err
			}
			began = time.Now()
			if err := <-started; err != nil {
				r.Wrongf("start: wanted to wait for the broker, got: %v", err)
				return oracle.Expect{}, nil
			}
			r.Took(time.Since(began))
			for range 100 {
				id := r.IDs(1)
				b.journal.Note(journal.Attempted, id)
				_, err := target.Request(ctx, text(id))
				b.settle(id, err, nil)
			}
			return oracle.Expect{}, nil
		},
	}
}
