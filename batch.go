package parley

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
)

// BatchError is how a batch ended early. Values are counted from 0 in the
// order in which they were taken.
type BatchError struct {
	// Sent is how many values were taken from the sequence, Stored how many of
	// them are confirmed.
	Sent, Stored int
	// Failures are the others, at most one for each value, in no order.
	Failures []BatchFailure
}

// BatchFailure is one value of a batch that was not confirmed.
type BatchFailure struct {
	// Index counts from 0.
	Index int
	// Err is one or more of the errors of [Publisher.Publish].
	Err error
}

// Error counts, and gives the first failure.
func (e *BatchError) Error() string {
	if len(e.Failures) == 0 {
		return fmt.Sprintf("parley: batch: %d of %d messages stored", e.Stored, e.Sent)
	}
	return fmt.Sprintf("parley: batch: %d of %d messages stored; message %d: %v", e.Stored, e.Sent, e.Failures[0].Index, e.Failures[0].Err)
}

// Unwrap returns the failures' errors.
func (e *BatchError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}

// PublishBatch sends the values to p in order with a window of confirms in
// flight, see [Window], which is many times faster than one Publish after
// another; [slices.Values] makes a sequence of a slice. nil means that all are
// stored. After the first failure no further value is taken; the error is then a
// [*BatchError] that tells of each one sent. ctx bounds the whole batch; values
// is called in the caller's goroutine. Several batches may run at once, each
// with a window of its own. Before the app is started it fails with [ErrNotSent].
func PublishBatch[T any](ctx context.Context, p *Publisher, values iter.Seq[T], opts ...SendOption) error {
	b, err := p.bound(ctx)
	if err != nil {
		return err
	}
	batch := batch{binding: b}
	room := cmp.Or(b.settings.forCall(opts).window, DefaultWindow) - 1
	for v := range values {
		batch.send(ctx, v, opts)
		batch.settle(ctx, room)
		if len(batch.report.Failures) > 0 {
			break
		}
	}
	batch.settle(ctx, 0)
	if len(batch.report.Failures) > 0 {
		return &batch.report
	}
	return nil
}

// batch keeps the confirms that are in flight, oldest first.
type batch struct {
	*binding
	report BatchError
	flight []unconfirmed
}

func (b *batch) send(ctx context.Context, v any, opts []SendOption) {
	index := b.report.Sent
	b.report.Sent++
	out, err := b.prepare(v, opts)
	if err == nil {
		err = b.prepareUnanswered("PublishBatch", out)
	}
	if err == nil {
		out.confirm = func(u unconfirmed) {
			u.index = index
			b.flight = append(b.flight, u)
		}
		_, err = b.transmit(ctx, out)
	}
	if err != nil {
		b.failed(index, err)
	}
}

// settle waits until at most n confirms are in flight.
func (b *batch) settle(ctx context.Context, n int) {
	for len(b.flight) > n {
		oldest := b.flight[0]
		b.flight = b.flight[1:]
		if err := oldest.wait(ctx); err != nil {
			b.failed(oldest.index, err)
			continue
		}
		b.report.Stored++
	}
}

func (b *batch) failed(index int, err error) {
	if !errors.Is(err, ErrNotSent) {
		err = b.explain("publish", err)
	}
	b.report.Failures = append(b.report.Failures, BatchFailure{index, err})
}
