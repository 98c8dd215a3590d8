package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley/benchmarks/internal/work"
)

// call warms the client up, tells the suite, waits for its line and measures.
func (p *process) call(ctx context.Context) (Result, error) {
	caller, err := p.contender.Dial(ctx, p.job)
	if err != nil {
		return Result{}, err
	}
	result, err := p.measure(ctx, caller)
	return result, errors.Join(err, caller.Close())
}

func (p *process) measure(ctx context.Context, caller Caller) (Result, error) {
	callers := max(1, p.job.Callers)
	warmup := make([]time.Duration, max(200, callers))
	if err := loop(ctx, caller, callers, warmup); err != nil {
		return Result{}, fmt.Errorf("warm-up: %w", err)
	}
	if err := p.say(Line{Event: Warm}); err != nil {
		return Result{}, err
	}
	if err := p.await(); err != nil {
		return Result{}, fmt.Errorf("wait for the suite's line: %w", err)
	}
	latency := make([]time.Duration, p.job.N)
	m := startMeter()
	err := loop(ctx, caller, callers, latency)
	result := m.stop(p.job.N)
	result.P50, result.P90, result.P99 = percentile(latency, .5), percentile(latency, .9), percentile(latency, .99)
	return result, err
}

// loop makes len(latency) calls from a closed loop of callers, which draw from
// one counter. The first failure ends it.
func loop(ctx context.Context, caller Caller, callers int, latency []time.Duration) error {
	order := work.Sample()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(latency) {
					return
				}
				start := time.Now()
				receipt, err := caller.Call(ctx, &order)
				if err == nil {
					err = work.Check(receipt)
				}
				if err != nil {
					cancel(fmt.Errorf("call %d: %w", i, err))
					return
				}
				latency[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
