package parley

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Gather sends v to p's address and returns the answers of all who answer it, as
// they come:
//
//	for answer, err := range parley.Gather[Quote](ctx, shops, item, parley.For(time.Second)) { … }
//
// It is for an exchange behind which several queues are, see [To] and
// [Broadcast]; a queue's subscriber is one. Each loop over the result sends a
// request of its own. Loops may run concurrently, each in one goroutine.
//
// At least one of [Expect], [For], [UntilIdle] and [AtLeast] says when it ends.
// [Timeout] and the publisher's or the app's limit a request otherwise bound it
// too; the end of ctx, the loss of the connection and [App.Stop] end it with an
// error. What comes later is counted in [Stats].LateReplies.
//
// An answer that says that its handler failed has an Err and ends nothing. The
// error beside it is the last that a loop gives, behind all answers that came,
// with an empty answer: a [*CallError] with the errors of [Publisher.Request].
// Too few answers are [ErrTimeout]. A loop that is 4096 answers or 64 MiB behind
// ends with the code resource_exhausted.
//
// Each subscriber of each instance counts once: when it handles the request
// again, because it lost its connection before it acknowledged it, its first
// answer stays the only one. When it died meanwhile another instance may handle
// it, and answer in its own name.
func Gather[R any](ctx context.Context, p *Publisher, v any, opts ...SendOption) iter.Seq2[Answer[R], error] {
	return func(yield func(Answer[R], error) bool) {
		b, g, err := p.gather(ctx, "Gather", v, opts)
		if err != nil {
			yield(Answer[R]{}, err)
			return
		}
		end := context.Canceled
		defer func() { g.leave(end) }()
		for {
			m, err := g.next(ctx)
			switch {
			case err != nil:
				end = b.explainCall(err)
				yield(Answer[R]{}, end)
				return
			case m == nil:
				end = nil
				return
			case !yield(answerOf[R](b, m), nil):
				return
			}
		}
	}
}

// GatherAll returns the answers of [Gather] at once, those that came also with an
// error.
func GatherAll[R any](ctx context.Context, p *Publisher, v any, opts ...SendOption) ([]Answer[R], error) {
	var all []Answer[R]
	for answer, err := range Gather[R](ctx, p, v, opts...) {
		if err != nil {
			return all, err
		}
		all = append(all, answer)
	}
	return all, nil
}

// gather sends a request for answers.
func (p *Publisher) gather(ctx context.Context, method string, v any, opts []SendOption) (*binding, *gathering, error) {
	b, err := p.bound(ctx)
	if err != nil {
		return nil, nil, err
	}
	out, err := b.prepareWaiting(method, v, opts)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(out.refuseItems(method), out.settings.refuseStream(method)); err != nil {
		return nil, nil, err
	}
	if out.settings.quietGiven {
		return nil, nil, meaningless("QuietTimeout", method, "look for parley.ErrTimeout; parley.For ends a Gather without an error")
	}
	if err := out.settings.checkGather(method); err != nil {
		return nil, nil, fmt.Errorf("parley: %s: %w: %w", method, ErrNotSent, err)
	}
	g := newGathering(&out.settings)
	out.wait = g.call
	_, err = b.transmit(ctx, out)
	if err == nil && g.run == nil {
		err = &CallError{b.template.String(), g.correlationID, errors.New("a send middleware returned without sending")}
	}
	if err != nil {
		err = b.explainCall(err)
		g.leave(err)
		return nil, nil, err
	}
	return b, g, nil
}

// answerOf reads one answer.
func answerOf[R any](b *binding, m *Message) Answer[R] {
	answer := Answer[R]{From: sender(m), Message: m}
	plain, err := b.opened(m)
	if err == nil {
		err = b.read(plain, &answer.Value)
	}
	if err != nil {
		var none R
		answer.Value, answer.Err = none, err
	}
	return answer
}

// sender is who answered with m.
func sender(m *Message) string {
	if instance := m.Header(HeaderInstance); instance != "" {
		return m.AppID + "/" + instance
	}
	return m.AppID
}
