package parley

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// First sends v to p's address and returns the first answer that is no error, of
// all who answer: see [Gather]. The others are told that nobody waits for them
// any more, see [Cancellable].
//
// It ends without an answer at its time limit, that of a request or [For], with
// [Expect] after so many failed ones, with [UntilIdle] when no more come. The
// error holds what the failed ones say, joined, and is [ErrTimeout] too unless
// all came that were expected. Every other error is as with [Gather]. [AtLeast]
// has no meaning here.
func First[R any](ctx context.Context, p *Publisher, v any, opts ...SendOption) (Answer[R], error) {
	b, g, err := p.gather(ctx, "First", v, append(slices.Clip(opts), Cancellable()))
	if err != nil {
		return Answer[R]{}, err
	}
	end := context.Canceled
	defer func() { g.leave(end) }()
	var answer Answer[R]
	answer, end = firstGood[R](ctx, b, g)
	return answer, end
}

// firstGood waits for an answer that is no error.
func firstGood[R any](ctx context.Context, b *binding, g *gathering) (Answer[R], error) {
	var failed []error
	for {
		m, err := g.next(ctx)
		if err != nil {
			return Answer[R]{}, b.explainCall(err)
		}
		if m == nil {
			return Answer[R]{}, g.nobody(failed)
		}
		answer := answerOf[R](b, m)
		if answer.Err == nil {
			return answer, nil
		}
		failed = append(failed, fmt.Errorf("%s: %w", answer.From, answer.Err))
	}
}

// nobody is the error of a search without success.
func (g *gathering) nobody(failed []error) error {
	all := errors.Join(failed...)
	switch {
	case all == nil:
		return g.tooFew("no answer came")
	case len(failed) == g.bounds.expect:
		return g.callError(fmt.Errorf("all failed: %w", all))
	default:
		return g.callError(fmt.Errorf("%w: %w", &timeoutError{text: "no good answer came", outcome: ErrOutcomeUnknown}, all))
	}
}
