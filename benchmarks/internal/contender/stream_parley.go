package contender

import (
	"context"
	"fmt"
	"iter"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

// parleyStream does the workloads with streams as a user writes them.
type parleyStream struct{ overParley }

// ServeStreams runs a handler that yields.
func (p parleyStream) ServeStreams(ctx context.Context, job peer.Job, ready func()) error {
	app := p.app(job)
	item := make([]byte, peer.ItemBytes)
	app.Subscriber(job.Queue, func(_ context.Context, n int) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) {
			for i := 0; i < n && yield(item); i++ {
			}
		}
	}, parley.Concurrency(max(job.Callers, 1)))
	return running(ctx, app, func() error {
		ready()
		<-ctx.Done()
		return nil
	})
}

// DialStreams starts an app as a client.
func (p parleyStream) DialStreams(ctx context.Context, job peer.Job) (peer.StreamReader, error) {
	app := p.app(job)
	r := parleyStreams{app: app, items: app.Publisher(job.Queue)}
	return r, app.Start(ctx)
}

type parleyStreams struct {
	app   *parley.App
	items *parley.Publisher
}

func (r parleyStreams) Read(ctx context.Context, n int) error {
	got := 0
	for item, err := range parley.Stream[[]byte](ctx, r.items, n) {
		if err != nil {
			return err
		}
		if len(item) == peer.ItemBytes {
			got++
		}
	}
	if got != n {
		return fmt.Errorf("wanted %d items, got %d", n, got)
	}
	return nil
}

func (r parleyStreams) Close() error { return stop(context.Background(), r.app) }

// firstItem does the request workloads with streams: a call asks for a stream
// of one receipt, takes the first item and leaves.
type firstItem struct{ overParley }

// Serve runs a handler that yields the receipt.
func (p firstItem) Serve(ctx context.Context, job peer.Job, ready func()) error {
	app := p.app(job)
	app.Subscriber(job.Queue, func(_ context.Context, o work.Order) iter.Seq[work.Receipt] {
		return func(yield func(work.Receipt) bool) { yield(work.Price(o)) }
	}, parley.Prefetch(parleyPrefetch))
	return running(ctx, app, func() error {
		ready()
		<-ctx.Done()
		return nil
	})
}

// Dial starts the app as a client.
func (p firstItem) Dial(ctx context.Context, job peer.Job) (peer.Caller, error) {
	app := p.app(job)
	c := firstCaller{parleyCaller{app: app, orders: app.Publisher(job.Queue)}}
	return c, app.Start(ctx)
}

type firstCaller struct{ parleyCaller }

func (c firstCaller) Call(ctx context.Context, order *work.Order) (work.Receipt, error) {
	for receipt, err := range parley.Stream[work.Receipt](ctx, c.orders, order) {
		return receipt, err
	}
	return work.Receipt{}, parley.ErrNoValue
}
