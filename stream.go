package parley

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Stream sends v to p's address and returns what the handler yields, one value
// after the other as they come:
//
//	for part, err := range parley.Stream[Part](ctx, reports, query) { … }
//
// Each loop over the result sends a request of its own. Leaving the loop, and
// the end of ctx, cancel the handler: its context ends and its next yield
// returns false. A slow reader slows the handler: it is at most [Window] items
// and a megabyte ahead. Loops may run concurrently, each in one goroutine.
//
// An error is the last that a loop gives, with a zero value. It is a
// [*RemoteError] when the handler failed, behind all that it yielded before.
// Every other error is a [*StreamError] that is one or more of the ErrStream
// errors and of those of [Publisher.Request]. A stream is never shortened
// without an error.
//
// The service must give its first sign of life within [Timeout] of the
// publisher or the app; as an option of this call, Timeout bounds the whole
// stream, as ctx does. Further options are [Idle], [MaxReplies], [Restarts] and
// [Window].
//
// A v that is an iter.Seq or an iter.Seq2 is sent item by item, as by
// [Publisher.Request], while the answers come: both directions at once. The loop
// ends when that iterator has returned. [Restarts] is then an error.
//
// A handler that returns one value makes a stream of one value, and one
// without a result a stream of none.
func Stream[T any](ctx context.Context, p *Publisher, v any, opts ...SendOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		b, r, err := p.stream(ctx, v, opts)
		if err != nil {
			yield(none, err)
			return
		}
		end := context.Canceled
		defer func() {
			r.leave()
			r.endings.tell(end)
		}()
		for {
			m, err := r.next(ctx)
			if err == nil && m == nil {
				end = nil
				return
			}
			value := none
			if err == nil {
				err = r.read(b, m, &value)
			}
			goesOn := err == nil || r.goesOn(err)
			if !goesOn {
				end = err
			}
			if !yield(value, err) || !goesOn {
				return
			}
		}
	}
}

// stream sends a request for a stream.
func (p *Publisher) stream(ctx context.Context, v any, opts []SendOption) (*binding, *reader, error) {
	b, err := p.bound(ctx)
	if err != nil {
		return nil, nil, err
	}
	out, err := b.prepare(v, opts)
	if err != nil {
		return nil, nil, err
	}
	if err := out.settings.checkStream(); err != nil {
		return nil, nil, err
	}
	r := newReader(b.template.String(), &out.settings)
	r.explain = b.explainStream
	out.stream = r
	if err := b.uploads(out, false); err != nil {
		return nil, nil, err
	}
	_, err = b.transmit(ctx, out)
	if err == nil && r.streams == nil {
		err = errors.New("a send middleware returned without sending")
	}
	if err != nil {
		r.leave()
		err = r.failed(ctx, err)
		r.endings.tell(err)
		return nil, nil, err
	}
	return b, r, nil
}

// checkStream refuses options that mean nothing to a stream.
func (s *sendSettings) checkStream() error {
	switch {
	case s.replyTo != "":
		return meaningless("ReplyTo", "Stream", "to let another subscriber take the answers use Publish")
	case s.token != nil:
		return meaningless("Token", "Stream", "a call that waits knows its answers")
	case s.trackGiven:
		return meaningless("Track or Due", "Stream", "a call that waits knows what became of it")
	case s.correlationID != "":
		return meaningless("CorrelationID", "Stream", "a stream has a correlation id of its own")
	case s.quietGiven:
		return meaningless("QuietTimeout", "Stream", "look for parley.ErrTimeout")
	case s.gather.given:
		return s.refuseGather("Stream")
	case s.cancellableGiven:
		return meaningless("Cancellable", "Stream", "a service is always told when the reader leaves")
	case s.idle != 0 && (s.idle < leastIdle || s.idle > mostIdle):
		return fmt.Errorf("parley: Stream: %w: wanted an Idle from %v to %v, got %v", ErrNotSent, leastIdle, mostIdle, s.idle)
	case s.maxReplies < 0:
		return fmt.Errorf("parley: Stream: %w: wanted MaxReplies of at least 1, got %d", ErrNotSent, s.maxReplies)
	}
	return nil
}

// explainStream adds a hint to a stream that had no route.
func (b *binding) explainStream(err error) error {
	switch {
	case !errors.Is(err, ErrNoRoute):
		return err
	case b.settings.exchange == nil:
		return fmt.Errorf("%w; hint: no such queue: start its subscriber, or correct the address", err)
	default:
		return fmt.Errorf("%w; hint: no queue is bound to exchange %q for it: start its subscriber", err, b.settings.exchange.Name)
	}
}

// read decodes an item, within the limits of a reply.
func (r *reader) read(b *binding, m *Message, value any) error {
	if limit := b.app.settings.subscriber.maxBody; len(m.Body) > limit {
		return r.streamError(fmt.Errorf("item of %d bytes is over the limit of %d", len(m.Body), limit))
	}
	plain, err := b.app.settings.subscriber.plain(m)
	if err == nil {
		err = b.app.wire.Decode(plain, value)
	}
	if err != nil {
		return r.streamError(unreadable(err))
	}
	return nil
}

// beat is the interval of signs of life that a reader asks for.
func (s *sendSettings) beat() time.Duration {
	if s.idle > 0 {
		return s.idle / beatsToStall
	}
	return defaultBeat
}
