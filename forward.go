package parley

import (
	"context"
	"errors"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// forwardError is a result that a PublishTo did not take.
type forwardError struct{ err error }

func (e *forwardError) Error() string { return "forwarded result: " + e.err.Error() }
func (e *forwardError) Unwrap() error { return e.err }

// failure is what the outside may know of it.
func (e *forwardError) failure(id string) failure {
	f := failure{code: CodeInternal, text: seeLog("the result could not be passed on", id), reason: reasonForwardUnsendable}
	if errors.Is(e.err, ErrNoRoute) {
		f.code, f.reason = CodeUnavailable, reasonForwardUnroutable
	}
	return f
}

// forward publishes a result to every PublishTo.
func (d *delivery) forward(ctx context.Context, out *Message) error {
	if out == nil {
		return nil
	}
	for _, b := range d.forwards {
		if err := b.forward(ctx, d.derived(out)); err != nil {
			return err
		}
	}
	return nil
}

// forwardFailed decides about a message whose result did not arrive everywhere.
// What is not the broker's doing of this moment would happen again and again:
// the message has failed.
func (d *delivery) forwardFailed(ctx context.Context, err error) transport.Verdict {
	if errors.Is(err, ErrNoRoute) || unsendable(err) || !passing(err) {
		return d.fail(ctx, &forwardError{err})
	}
	return d.again(ctx, "forwarded result was not confirmed", err)
}

// passing reports whether err is an outcome of sending that a later attempt may
// not have. The properties of a message and send middleware give other errors.
func passing(err error) bool {
	for _, outcome := range [...]error{
		ErrRefused, ErrBlocked, ErrNotSent, ErrOutcomeUnknown, transport.ErrClosed, transport.ErrSessionLost,
	} {
		if errors.Is(err, outcome) {
			return true
		}
	}
	return false
}

// forward sends an encoded result, which it takes over. A panic of the send
// middleware is an error.
func (b *binding) forward(ctx context.Context, m *Message) error {
	out := &outgoing{settings: b.settings}
	if err := b.address(m, out); err != nil {
		return err
	}
	return recovered(func() error {
		_, err := b.transmit(ctx, out)
		return err
	})
}

// checkForward returns why no result at all could be sent.
func (b *binding) checkForward() error {
	return b.address(&Message{}, &outgoing{settings: b.settings})
}

// checkForwarding refuses options of a PublishTo that only mean something to a
// call that waits for replies.
func checkForwarding(opts []SendOption) error {
	for _, o := range opts {
		if o == nil {
			continue
		}
		given := new(sendSettings).forCall([]SendOption{o})
		if given.timeoutGiven || given.quietGiven || given.cancellableGiven || given.streamGiven || given.gather.given {
			return &topology.Error{Wanted: "options for a result that is published", Got: o.String() + ", which concerns calls that wait for a reply", Hint: "leave it out; parley.HandlerTimeout bounds the handler"}
		}
	}
	return nil
}
