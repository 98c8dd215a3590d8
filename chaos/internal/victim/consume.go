package victim

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// drain is how long a victim that is told to stop may take.
const drain = 25 * time.Second

func (v *victim) app() *parley.App {
	options := []rabbitmq.Option{rabbitmq.Hosts(v.job.Hosts...), rabbitmq.Backoff(100*time.Millisecond, 2*time.Second)}
	if v.job.Heartbeat > 0 {
		options = append(options, rabbitmq.Heartbeat(v.job.Heartbeat))
	}
	if v.job.Flavor == LastingReply {
		options = append(options, rabbitmq.ReplyQueue(v.job.Queue+".replies"))
	}
	t := rabbitmq.New(v.job.URL, options...)
	return parley.New(t, parley.Info(v.job.Name, "1"), parley.Logger(v.log), parley.Drain(drain))
}

// consumer handles ids. The note comes before the acknowledgement, so that
// what was acknowledged and not noted is lost.
func (v *victim) consumer(ctx context.Context) error {
	if v.job.Flavor != Parley {
		return v.rawConsumer(ctx)
	}
	return v.serve(ctx, func(_ context.Context, body string) error {
		_, err := v.handle(body)
		return err
	})
}

// server handles ids and answers each with itself.
func (v *victim) server(ctx context.Context) error {
	if v.job.Flavor != Parley {
		return v.rawConsumer(ctx)
	}
	return v.serve(ctx, func(_ context.Context, body string) (string, error) {
		_, err := v.handle(body)
		return body, err
	})
}

func (v *victim) handle(body string) (uint64, error) {
	id, err := strconv.ParseUint(body, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("victim: wanted an id, got %.20q", body)
	}
	pause(context.Background(), v.job.Work+Jitter(v.job.Seed, id, v.job.Jitter))
	v.note(journal.Handled, id)
	return id, nil
}

func (v *victim) serve(ctx context.Context, handler any) error {
	app := v.app()
	options := []parley.SubscriberOption{parley.Concurrency(max(1, v.job.Concurrency))}
	if v.job.Prefetch > 0 {
		options = append(options, parley.Prefetch(v.job.Prefetch))
	}
	if v.job.Quorum {
		options = append(options, parley.From(topology.Quorum()))
	}
	subscriber := app.Subscriber(v.job.Queue, handler, options...)
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	if err := subscriber.Ready(ctx); err == nil {
		v.ready()
	}
	return <-ended
}
