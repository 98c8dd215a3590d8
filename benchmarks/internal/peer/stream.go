package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Streamer is a Contender that does the workloads with streams.
type Streamer interface {
	// ServeStreams answers requests for streams until ctx ends, then closes and
	// returns nil. It calls ready once. A stream is as many items of ItemBytes
	// bytes as its request says, each confirmed by the broker.
	ServeStreams(ctx context.Context, job Job, ready func()) error

	// DialStreams connects the client.
	DialStreams(ctx context.Context, job Job) (StreamReader, error)
}

// ItemBytes is the size of an item's body.
const ItemBytes = 1 << 10

// StreamReader reads streams over one client connection.
type StreamReader interface {
	// Read asks for a stream of n items and returns when all of them have come.
	// Job.Callers goroutines call it concurrently.
	Read(ctx context.Context, n int) error
	// Close ends the connection. No Read is running or follows.
	Close() error
}

var errNoStreams = errors.New("the contender has no streams")

func (p *process) serveStreams(ctx context.Context, ready func()) error {
	s, ok := p.contender.(Streamer)
	if !ok {
		return errNoStreams
	}
	return s.ServeStreams(ctx, p.job, ready)
}

// read warms the client up, tells the suite, waits for its line and measures.
func (p *process) read(ctx context.Context) (Result, error) {
	s, ok := p.contender.(Streamer)
	if !ok {
		return Result{}, errNoStreams
	}
	reader, err := s.DialStreams(ctx, p.job)
	if err != nil {
		return Result{}, err
	}
	result, err := p.measureStreams(ctx, reader)
	return result, errors.Join(err, reader.Close())
}

func (p *process) measureStreams(ctx context.Context, reader StreamReader) (Result, error) {
	streams := max(1, p.job.Callers)
	if _, err := readAll(ctx, reader, streams, max(200/streams, 2)); err != nil {
		return Result{}, fmt.Errorf("warm-up: %w", err)
	}
	if err := p.say(Line{Event: Warm}); err != nil {
		return Result{}, err
	}
	if err := p.await(); err != nil {
		return Result{}, fmt.Errorf("wait for the suite's line: %w", err)
	}
	items := max(1, p.job.N/streams)
	m := startMeter()
	took, err := readAll(ctx, reader, streams, items)
	result := m.stop(items * streams)
	result.P50, result.P90, result.P99 = percentile(took, .5), percentile(took, .9), percentile(took, .99)
	return result, err
}

// readAll reads so many streams at once, and returns how long each took.
func readAll(ctx context.Context, reader StreamReader, streams, items int) ([]time.Duration, error) {
	took := make([]time.Duration, streams)
	errs := make([]error, streams)
	var all sync.WaitGroup
	for i := range streams {
		all.Go(func() {
			start := time.Now()
			errs[i] = reader.Read(ctx, items)
			took[i] = time.Since(start)
		})
	}
	all.Wait()
	return took, errors.Join(errs...)
}
