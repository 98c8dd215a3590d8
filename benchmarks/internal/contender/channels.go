package contender

import (
	"context"
	"errors"
	"sync"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

// channels does the work of a request with Go channels alone: JSON both ways,
// validation, a deadline for caller and worker. It is the reference of the
// memory transport.
type channels struct{ memoryOnly }

// channelWorkers is parley's default concurrency.
const channelWorkers = 32

func (channels) Dial(context.Context, peer.Job) (peer.Caller, error) {
	c := &channelCaller{requests: make(chan channelRequest)}
	for range channelWorkers {
		c.workers.Go(c.serve)
	}
	return c, nil
}

type channelRequest struct {
	ctx     context.Context //nolint:containedctx // the message: it carries the deadline to the worker
	body    []byte
	replied chan answer // one place
}

type channelCaller struct {
	requests chan channelRequest
	workers  sync.WaitGroup
}

func (c *channelCaller) serve() {
	for r := range c.requests {
		if err := r.ctx.Err(); err != nil {
			r.replied <- answer{err: err}
			continue
		}
		body, err := work.Answer(r.body)
		r.replied <- answer{body: body, err: err}
	}
}

func (c *channelCaller) Call(ctx context.Context, order *work.Order) (work.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := work.Encode(order)
	if err != nil {
		return work.Receipt{}, err
	}
	r := channelRequest{ctx: ctx, body: body, replied: make(chan answer, 1)}
	select {
	case c.requests <- r:
	case <-ctx.Done():
		return work.Receipt{}, ctx.Err()
	}
	select {
	case a := <-r.replied:
		if a.err != nil {
			return work.Receipt{}, a.err
		}
		return work.Read(a.body)
	case <-ctx.Done():
		return work.Receipt{}, ctx.Err()
	}
}

func (c *channelCaller) Close() error {
	close(c.requests)
	c.workers.Wait()
	return nil
}

var errMemoryOnly = errors.New("this contender runs in memory only")

// memoryOnly are the methods that need a broker, for contenders without one.
type memoryOnly struct{}

func (memoryOnly) Publish(context.Context, peer.Job) error { return errMemoryOnly }

func (memoryOnly) Consume(context.Context, peer.Job) error { return errMemoryOnly }

func (memoryOnly) Serve(context.Context, peer.Job, func()) error { return errMemoryOnly }
