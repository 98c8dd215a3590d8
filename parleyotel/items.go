package parleyotel

import (
	"context"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/parley-go/parley"
)

// items count what goes through the streams of an app, also of those that go on:
// the streams count themselves, and are read when metrics are collected.
type items struct {
	mu sync.Mutex
	// all are by the name of a destination's spans.
	all map[string]*flow
}

// flow is the streams of one destination.
type flow struct {
	mu *sync.Mutex
	// sent and received are the labels of the two counts.
	sent, received metric.ObserveOption
	// over are the counts of the streams that have ended, live the others.
	over struct{ sent, received int64 }
	live map[parley.StreamInfo]struct{}
}

// of returns the flow of an operation.
func (i *items) of(spanName string, shared []attribute.KeyValue) *flow {
	i.mu.Lock()
	defer i.mu.Unlock()
	if f := i.all[spanName]; f != nil {
		return f
	}
	labels := func(direction string) metric.ObserveOption {
		return metric.WithAttributes(append(slices.Clip(shared), directionKey.String(direction))...)
	}
	f := &flow{mu: &i.mu, sent: labels(directionSent), received: labels(directionReceived)}
	if i.all == nil {
		i.all = map[string]*flow{}
	}
	i.all[spanName] = f
	return f
}

func (f *flow) begin(s parley.StreamInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live == nil {
		f.live = map[parley.StreamInfo]struct{}{}
	}
	f.live[s] = struct{}{}
}

func (f *flow) end(s parley.StreamInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, begun := f.live[s]; !begun {
		return
	}
	delete(f.live, s)
	f.over.sent += s.Sent()
	f.over.received += s.Received()
}

// observe registers the counter.
func (i *items) observe(meter metric.Meter) error {
	counter, err := meter.Int64ObservableCounter(metricItems, metric.WithUnit(unitItem),
		metric.WithDescription("Items of streams and answers of gathers, when they were sent or handed out."))
	if err != nil {
		return err
	}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		i.read(counter, to)
		return nil
	}, counter)
	return err
}

// read tells the counts of every destination that had a stream.
func (i *items) read(counter metric.Int64Observable, to metric.Observer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, f := range i.all {
		if f.live == nil {
			continue
		}
		sent, received := f.over.sent, f.over.received
		for s := range f.live {
			sent += s.Sent()
			received += s.Received()
		}
		to.ObserveInt64(counter, sent, f.sent)
		to.ObserveInt64(counter, received, f.received)
	}
}
