package parley

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-go/parley/internal/binder"
)

// Request sends v and waits for the answer. It waits 30 s unless [Timeout],
// [NoTimeout] or ctx says otherwise.
//
// A v that is an iter.Seq[T] or an iter.Seq2[T, error] is sent item by item, a
// client stream to a handler that takes an iterator. It runs in a goroutine of
// its own, once a service has room for the first item, and Request returns when
// it has returned: its yield returns false when nobody takes more, because the
// answer is there or the call has ended. An error that it yields ends both; what
// it says on purpose, see [NewError], is told to the handler. The limit of the
// publisher or the app then bounds the wait for the first sign of life and the
// wait behind the last item; a Timeout of this call bounds all of it.
//
// An error reply is a [*RemoteError]. Every other error is a [*CallError] which
// is one or more of [ErrTimeout], [ErrNoRoute], [ErrRefused], [ErrBlocked],
// [ErrNotSent], [ErrOutcomeUnknown], [ErrExpired], [ErrStopped] and the
// context's. After [ErrOutcomeUnknown] the handler may have run. A client stream may end
// with the ErrStream errors too.
func (p *Publisher) Request(ctx context.Context, v any, opts ...SendOption) (*Message, error) {
	m, _, err := p.request(ctx, v, opts)
	return m, err
}

// Request sends v to p's address and waits for the answer, decoded as R. An
// answer without a value is nil where R can be nil, else [ErrNoValue]. For the
// rest see [Publisher.Request].
func Request[R any](ctx context.Context, p *Publisher, v any, opts ...SendOption) (R, error) {
	var value R
	m, b, err := p.request(ctx, v, opts)
	if err != nil || m == nil {
		return value, err
	}
	err = b.read(m, &value)
	return value, err
}

// request returns a nil message without an error for a quiet timeout.
func (p *Publisher) request(ctx context.Context, v any, opts []SendOption) (*Message, *binding, error) {
	b, err := p.bound(ctx)
	if err != nil {
		return nil, nil, err
	}
	out, err := b.prepareRequest(v, opts)
	if err != nil {
		return nil, nil, err
	}
	m, err := b.request(ctx, out)
	return m, b, err
}

func (b *binding) prepareRequest(v any, opts []SendOption) (*outgoing, error) {
	out, err := b.prepareWaiting("Request", v, opts)
	if err != nil {
		return nil, err
	}
	if err := out.settings.refuseGather("Request"); err != nil {
		return nil, err
	}
	if out.items != nil {
		return out, b.uploads(out, true)
	}
	if err := out.settings.refuseStream("Request"); err != nil {
		return nil, err
	}
	out.wait = newCall(out.settings.timeout, out.settings.cancellable)
	return out, nil
}

// prepareWaiting is prepare for a method that waits for a reply.
func (b *binding) prepareWaiting(method string, v any, opts []SendOption) (*outgoing, error) {
	out, err := b.prepare(v, opts)
	if err != nil {
		return nil, err
	}
	switch {
	case out.settings.replyTo != "":
		return nil, meaningless("ReplyTo", method, "to let another subscriber take the answer use Publish; to wait for it leave ReplyTo out")
	case out.settings.token != nil:
		return nil, meaningless("Token", method, "a call that waits knows its answer; to find one that comes later use Publish with ReplyTo")
	case out.settings.trackGiven:
		return nil, meaningless("Track or Due", method, "a call that waits knows what became of it")
	case out.settings.correlationID != "":
		return nil, meaningless("CorrelationID", method, "a request that waits has a correlation id of its own")
	}
	return out, nil
}

func (b *binding) request(ctx context.Context, out *outgoing) (*Message, error) {
	m, err := b.transmit(ctx, out)
	if out.stream != nil {
		out.stream.endings.tell(err)
	}
	if err != nil {
		if t, ok := errors.AsType[*timeoutError](err); ok && t.own && out.settings.quiet {
			return nil, nil
		}
		return nil, b.explainCall(err)
	}
	if m == nil {
		return nil, &CallError{b.template.String(), out.callID(), errors.New("a send middleware returned neither a reply nor an error")}
	}
	return b.opened(m)
}

// opened returns a reply as it may be read, or the error that it is.
func (b *binding) opened(m *Message) (*Message, error) {
	if limit := b.app.settings.subscriber.maxBody; len(m.Body) > limit {
		return nil, &CallError{b.template.String(), m.CorrelationID, fmt.Errorf("reply of %d bytes is over the limit of %d", len(m.Body), limit)}
	}
	if err := unreadableHeaders(m); err != nil {
		return nil, &CallError{b.template.String(), m.CorrelationID, fmt.Errorf("reply: %w", err)}
	}
	if remote := remoteError(m); remote != nil {
		return nil, remote
	}
	plain, err := b.app.settings.subscriber.plain(m)
	if err != nil {
		return nil, &CallError{b.template.String(), m.CorrelationID, unreadable(err)}
	}
	return plain, nil
}

func (b *binding) explainCall(err error) error {
	call, ok := errors.AsType[*CallError](err)
	if _, remote := err.(*RemoteError); remote { //nolint:errorlint // as it came
		return err
	}
	if !ok {
		return b.explain("request", err)
	}
	switch {
	case !errors.Is(err, ErrNoRoute):
	case b.settings.exchange == nil:
		call.Err = fmt.Errorf("%w; hint: no such queue: start its subscriber, or correct the address", call.Err)
	default:
		call.Err = fmt.Errorf("%w; hint: no queue is bound to exchange %q for it: start its subscriber", call.Err, b.settings.exchange.Name)
	}
	return err
}

// read decodes an answer.
func (b *binding) read(m *Message, value any) error {
	err := b.app.wire.Decode(m, value)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, binder.ErrEmpty):
		err = fmt.Errorf("%w; hint: read it as a pointer, or as parley.NoBody", ErrNoValue)
	default:
		err = unreadable(err)
	}
	return &CallError{b.template.String(), m.CorrelationID, err}
}

// Call is a request whose answer is asked for later.
type Call[R any] struct {
	done  chan struct{}
	value R
	err   error
}

// Go sends v at once and returns without waiting. ctx and [Timeout] bound the
// whole call, as with [Request]; [App.Stop] ends it.
func Go[R any](ctx context.Context, p *Publisher, v any, opts ...SendOption) *Call[R] {
	c := &Call[R]{done: make(chan struct{})}
	b, err := p.bound(ctx)
	if err != nil {
		return c.end(err)
	}
	out, err := b.prepareRequest(v, opts)
	if err != nil {
		return c.end(err)
	}
	if !b.app.goes(func() { c.end(c.run(ctx, b, out)) }) {
		return c.end(&CallError{b.template.String(), out.callID(), b.app.notRunning()})
	}
	return c
}

func (c *Call[R]) run(ctx context.Context, b *binding, out *outgoing) error {
	m, err := b.request(ctx, out)
	if err != nil || m == nil {
		return err
	}
	return b.read(m, &c.value)
}

func (c *Call[R]) end(err error) *Call[R] {
	c.err = err
	close(c.done)
	return c
}

// Done is closed when the answer is there or the call has failed.
func (c *Call[R]) Done() <-chan struct{} { return c.done }

// Wait returns the answer. ctx bounds only this wait: when it ends first, the
// call goes on and Wait may be called again, by several goroutines too.
func (c *Call[R]) Wait(ctx context.Context) (R, error) {
	select {
	case <-c.done:
		return c.value, c.err
	default:
	}
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		var zero R
		return zero, fmt.Errorf("parley: waiting for a call: %w", context.Cause(ctx))
	}
}

// unreadable is why an answer could not be read. An input error of the binder
// stays inside: in a handler that returns it, it would look like its own.
func unreadable(err error) error {
	if errors.Is(err, binder.ErrEmpty) {
		return ErrNoValue
	}
	return errors.New("the answer does not fit: " + err.Error())
}
