package peer

import (
	"context"

	"github.com/parley-go/parley/benchmarks/internal/work"
)

// Contender does the workloads in one way. A method belongs to the workloads
// that its contender is registered for; the others are never called. The queue
// of the job exists already and belongs to this run alone.
type Contender interface {
	// Publish connects, publishes Job.N orders to the queue, each with a
	// confirm, and returns when all are confirmed and the connection is closed.
	Publish(ctx context.Context, job Job) error

	// Consume connects, consumes Job.N orders, decodes and validates each,
	// and returns when all are acknowledged and the connection is closed.
	Consume(ctx context.Context, job Job) error

	// Serve answers requests until ctx ends, then closes and returns nil. It
	// calls ready once, when requests sent from now on will be answered.
	Serve(ctx context.Context, job Job, ready func()) error

	// Dial connects the client of the request workloads.
	Dial(ctx context.Context, job Job) (Caller, error)
}

// Both is a Contender that has a way of its own to publish and consume at once
// (W3). Without it Publish and Consume run side by side.
type Both interface {
	PublishAndConsume(ctx context.Context, job Job) error
}

// Caller makes requests over one client connection.
type Caller interface {
	// Call encodes the order, sends it and returns the decoded receipt, or an
	// error within 30 seconds. Job.Callers goroutines call it concurrently.
	Call(ctx context.Context, order *work.Order) (work.Receipt, error)

	// Close ends the connection. No Call is running or follows.
	Close() error
}
