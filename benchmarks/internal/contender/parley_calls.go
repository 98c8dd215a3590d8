package contender

import (
	"context"
	"sync/atomic"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

// calling publishes from many callers of Publish in place of one batch.
type calling struct{ overParley }

func (c calling) Publish(ctx context.Context, job peer.Job) error {
	app := c.app(job)
	orders := app.Publisher(job.Queue)
	return running(ctx, app, func() error { return publishFromMany(ctx, orders, job.N) })
}

func publishFromMany(ctx context.Context, orders *parley.Publisher, n int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	order := work.Sample()
	var next atomic.Int64
	callers := failures{stop: cancel}
	for range parleyWindow {
		callers.Go(func() error {
			for next.Add(1) <= int64(n) {
				if err := orders.Publish(ctx, &order); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return callers.Wait()
}

// cancellable does the request workloads with calls that can be called off.
type cancellable struct{ overParley }

// Dial starts the app as a client.
func (p cancellable) Dial(ctx context.Context, job peer.Job) (peer.Caller, error) {
	app := p.app(job)
	c := parleyCaller{app: app, orders: app.Publisher(job.Queue, parley.Cancellable())}
	return c, app.Start(ctx)
}
