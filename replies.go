package parley

import (
	"context"
	"errors"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/internal/callsite"
)

// Replies registers fn for the answers that come to queue: to messages
// published with [ReplyTo] and the name of that queue, by any process, however
// long ago. in is an app or a router; a router's prefix is not joined to the
// queue, as it is not to the target of ReplyTo.
//
// An answer is decoded and validated as the input of any subscriber, into
// [Answer.Value]. An error reply is handed over in [Answer.Err], as
// [*RemoteError], and so is an answer without a value where R cannot be nil, as
// [ErrNoValue]. What cannot be decoded, or is not valid, ends in the queue's
// error queue, without a call of fn. [Answer.Token] is what the caller gave to
// [Token]; answers to others are handed over too, with an empty one.
//
// In everything else it is a subscriber, and may get an answer again when its
// process or its service dies at the wrong moment: [Deduplicate] helps.
func Replies[R any](in Declarer, queue string, fn func(context.Context, Answer[R]) error, opts ...SubscriberOption) {
	d := newDeclaration(queue, func(ctx context.Context, v R) error {
		m, ok := MessageFrom(ctx)
		if !ok {
			return errForeignContext
		}
		return fn(ctx, Answer[R]{Value: v, Token: tokenOf(m.CorrelationID), Message: m})
	}, opts, callsite.Caller())
	d.failed = func(ctx context.Context, m *Message, reason error) error {
		return fn(ctx, Answer[R]{Err: reason, Token: tokenOf(m.CorrelationID), Message: m})
	}
	if d.behind == nil {
		d.behind = fn
	}
	if fn == nil {
		d.fn = fn
	}
	in.receive(d)
}

// receiveAnswer hands an answer to the function of [Replies].
func (r *receiver) receiveAnswer(ctx context.Context, in, m *Message, path []string) error {
	err := r.handOver(ctx, in, m, path)
	if store := r.settings.pending; err == nil && store != nil && hasToken(m.CorrelationID) {
		r.app.answered(ctx, store, m.CorrelationID)
	}
	return err
}

func (r *receiver) handOver(ctx context.Context, in, m *Message, path []string) error {
	if remote := remoteError(in); remote != nil {
		return r.declared.failed(ctx, m, remote)
	}
	_, err := r.plan.Call(ctx, in, path)
	if errors.Is(err, binder.ErrEmpty) {
		return r.declared.failed(ctx, m, ErrNoValue)
	}
	return err
}
