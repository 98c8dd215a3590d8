package contender

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
	"github.com/parley-go/parley/transport"
)

const (
	parleyWindow   = lanes * ringSize // unconfirmed messages of a batch, as many as raw best's
	parleyPrefetch = lanes * prefetch // deliveries outstanding, as many as raw best's
	stopBudget     = 10 * time.Second
)

// overParley does the workloads with parley: ordinary functions on an app.
type overParley struct {
	transport func(url string) transport.Transport
}

func (p overParley) app(job peer.Job) *parley.App { return newApp(p.transport(job.URL)) }

func newApp(t transport.Transport) *parley.App {
	return parley.New(t, parley.Info("benchmarks", "1.0.0"), parley.FailFast(),
		parley.Logger(slog.New(slog.DiscardHandler)))
}

// running starts the app, does the work and stops the app.
func running(ctx context.Context, app *parley.App, do func() error) error {
	if err := app.Start(ctx); err != nil {
		return err
	}
	err := do()
	return errors.Join(err, stop(ctx, app))
}

// stop outlives ctx: a server stops because its ctx has ended.
func stop(ctx context.Context, app *parley.App) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopBudget)
	defer cancel()
	return app.Stop(ctx)
}

func (p overParley) Publish(ctx context.Context, job peer.Job) error {
	app := p.app(job)
	orders := app.Publisher(job.Queue)
	return running(ctx, app, func() error {
		return parley.PublishBatch(ctx, orders, samples(job.N), parley.Window(parleyWindow))
	})
}

func samples(n int) iter.Seq[*work.Order] {
	order := work.Sample()
	return func(yield func(*work.Order) bool) {
		for range n {
			if !yield(&order) {
				return
			}
		}
	}
}

func (p overParley) Consume(ctx context.Context, job peer.Job) error {
	app := p.app(job)
	finished := countdown(app, job)
	return running(ctx, app, func() error { return handled(ctx, finished) })
}

// PublishAndConsume is W3 in one app, which has a connection for each.
func (p overParley) PublishAndConsume(ctx context.Context, job peer.Job) error {
	app := p.app(job)
	finished := countdown(app, job)
	orders := app.Publisher(job.Queue)
	return running(ctx, app, func() error {
		if err := parley.PublishBatch(ctx, orders, samples(job.N), parley.Window(parleyWindow)); err != nil {
			return err
		}
		return handled(ctx, finished)
	})
}

// countdown subscribes to the orders; the channel closes when the last one is
// handled.
func countdown(app *parley.App, job peer.Job) <-chan struct{} {
	finished := make(chan struct{})
	var left atomic.Int64
	left.Store(int64(job.N))
	app.Subscriber(job.Queue, func(context.Context, work.Order) error {
		if left.Add(-1) == 0 {
			close(finished)
		}
		return nil
	}, parley.Prefetch(parleyPrefetch))
	return finished
}

func handled(ctx context.Context, finished <-chan struct{}) error {
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// place is the handler of the request workloads, as a user writes it.
func place(_ context.Context, o work.Order) (work.Receipt, error) { return work.Price(o), nil }

func (p overParley) Serve(ctx context.Context, job peer.Job, ready func()) error {
	app := p.app(job)
	app.Subscriber(job.Queue, place, parley.Prefetch(parleyPrefetch))
	return running(ctx, app, func() error {
		ready()
		<-ctx.Done()
		return nil
	})
}

func (p overParley) Dial(ctx context.Context, job peer.Job) (peer.Caller, error) {
	app := p.app(job)
	return caller(ctx, app, job.Queue)
}

type parleyCaller struct {
	app    *parley.App
	orders *parley.Publisher
}

// caller starts the app as a client of the address.
func caller(ctx context.Context, app *parley.App, address string) (peer.Caller, error) {
	c := parleyCaller{app: app, orders: app.Publisher(address)}
	return c, app.Start(ctx)
}

func (c parleyCaller) Call(ctx context.Context, order *work.Order) (work.Receipt, error) {
	return parley.Request[work.Receipt](ctx, c.orders, order)
}

func (c parleyCaller) Close() error { return stop(context.Background(), c.app) }
