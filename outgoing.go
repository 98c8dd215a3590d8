package parley

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// outgoing is one message on its way to the broker.
type outgoing struct {
	message  *Message
	settings sendSettings
	// wait makes a request out of it; nil for a publication.
	wait *call
	// stream makes a request for a stream out of it.
	stream *reader
	// items follow the request of a client stream; nil for one value.
	items *binder.Sequence
	// answer, when set, sends the message in place of dispatch: see [Reply].
	answer func(context.Context, *run, *Message) error
	// confirm, when set, takes the pending outcome in place of waiting for it.
	confirm func(unconfirmed)
}

// prepare encodes v and applies the options. Nothing is sent.
func (b *binding) prepare(v any, opts []SendOption) (*outgoing, error) {
	out := &outgoing{settings: b.settings}
	if len(opts) > 0 {
		var missing error
		if opts, missing = present(opts); missing != nil {
			return nil, fmt.Errorf("parley: send to %q: %w: %w", b.template, ErrNotSent, missing)
		}
		out.settings = b.settings.forCall(opts)
	}
	if err := b.encode(v, out); err != nil {
		return nil, fmt.Errorf("parley: send to %q: %w: %w", b.template, ErrNotSent, err)
	}
	return out, nil
}

func (b *binding) encode(v any, out *outgoing) error {
	if b.fault != nil {
		return b.fault
	}
	var err error
	if out.items, err = b.app.wire.SequenceOf(v); err != nil {
		return err
	}
	t := reflect.TypeOf(v)
	if out.items != nil {
		t = out.items.Item()
	}
	if want := out.settings.payload; want != nil && !fits(t, want) {
		return &topology.Error{
			Wanted: fmt.Sprintf("a value of type %s", want), Got: fmt.Sprintf("%T", v),
			Hint: "the publisher declares its payload at " + b.site,
		}
	}
	if out.items != nil {
		return b.address(&Message{}, out)
	}
	m, err := b.app.wire.Encode(v)
	if err != nil {
		return err
	}
	if m == v {
		// The caller's own message stays as it is.
		m = new(*m)
	}
	return b.address(m, out)
}

// fits reports whether a value of type t is of the declared type.
func fits(t, want reflect.Type) bool {
	return t == want || want.Kind() == reflect.Interface && (t == nil || t.Implements(want))
}

// address directs m, which it takes over, to the binding's destination, with
// the properties that the options name and m leaves empty.
func (b *binding) address(m *Message, out *outgoing) error {
	key, err := b.template.Fill(out.settings.path)
	if err != nil {
		return err
	}
	m.Address, m.Exchange = key, ""
	if e := out.settings.exchange; e != nil {
		m.Exchange = e.Name
	}
	m.AppID = first(m.AppID, b.app.settings.name)
	out.message = m
	if err := out.settings.fill(m); err != nil {
		return err
	}
	return out.settings.pack(m)
}

func (s *sendSettings) fill(m *Message) error {
	if err := s.fillHeaders(m); err != nil {
		return err
	}
	m.ID = first(s.id, m.ID)
	if m.ID == "" {
		m.ID = newMessageID()
	}
	m.CorrelationID = first(s.correlationID, m.CorrelationID)
	m.ReplyTo = first(s.replyTo, m.ReplyTo)
	m.Type = first(s.typ, m.Type)
	if m.Timestamp.IsZero() {
		m.Timestamp = time.Now()
	}
	if s.expiration > 0 {
		m.Expiration = s.expiration
	}
	if s.priority > 0 {
		m.Priority = s.priority
	}
	if s.persistence != transport.PersistenceUnset {
		m.Persistence = s.persistence
	}
	return checkLengths(m)
}

// checkLengths refuses texts that the protocol cannot carry.
func checkLengths(m *Message) error {
	switch {
	case len(m.Address) > maxShortString:
		return tooLong("a routing key", m.Address)
	case len(m.ID) > maxShortString:
		return tooLong("a message id", m.ID)
	case len(m.CorrelationID) > maxShortString:
		return tooLong("a correlation id", m.CorrelationID)
	case len(m.ReplyTo) > maxShortString:
		return tooLong("a reply address", m.ReplyTo)
	case len(m.Type) > maxShortString:
		return tooLong("a type", m.Type)
	}
	return nil
}

func (s *sendSettings) fillHeaders(m *Message) error {
	if len(s.headers) > 0 {
		headers := make(Headers, len(m.Headers)+len(s.headers))
		maps.Copy(headers, m.Headers)
		maps.Copy(headers, s.headers)
		m.Headers = headers
	}
	for name := range m.Headers {
		if strings.HasPrefix(name, HeaderPrefix) {
			return &topology.Error{
				Wanted: "a header whose name is not reserved", Got: quoted(name),
				Hint: "names beginning with " + quoted(HeaderPrefix) + " belong to parley",
			}
		}
	}
	return nil
}

// prepareUnanswered completes a message for whose answer no call waits.
func (b *binding) prepareUnanswered(method string, out *outgoing) error {
	if err := out.refuseWaiting(method); err != nil {
		return err
	}
	err := out.settings.checkTrack()
	if err == nil {
		err = out.settings.identify(out.message)
	}
	if err != nil {
		return fmt.Errorf("parley: send to %q: %w: %w", b.template, ErrNotSent, err)
	}
	return nil
}

// refuseWaiting refuses options that only mean something to a call that waits.
func (o *outgoing) refuseWaiting(method string) error {
	if err := o.refuseItems(method); err != nil {
		return err
	}
	switch {
	case o.settings.timeoutGiven:
		return meaningless("Timeout or NoTimeout", method, "bound a call that does not wait for a reply with its context")
	case o.settings.quietGiven:
		return meaningless("QuietTimeout", method, "it concerns calls that wait for a reply")
	}
	if o.settings.cancellableGiven {
		return meaningless("Cancellable", method, "it concerns calls that wait for a reply")
	}
	if err := o.settings.refuseGather(method); err != nil {
		return err
	}
	return o.settings.refuseStream(method)
}

// refuseGather refuses options that only mean something to a Gather.
func (s *sendSettings) refuseGather(method string) error {
	if s.gather.given {
		return meaningless("Expect, AtLeast, For or UntilIdle", method, "it concerns parley.Gather")
	}
	return nil
}

// refuseStream refuses options that only mean something to a stream.
func (s *sendSettings) refuseStream(method string) error {
	if s.streamGiven {
		return meaningless("Idle, MaxReplies or Restarts", method, "it concerns parley.Stream")
	}
	return nil
}

type outgoingKey struct{}

// errReplacedContext is permanent: the middleware will do it again.
var errReplacedContext = &transport.PermanentError{
	Err: errors.New("a send middleware replaced its context; hint: derive it from the one it was given"),
}

// transmit sends out through the send middleware.
func (b *binding) transmit(ctx context.Context, out *outgoing) (*Message, error) {
	if b.send == nil {
		return b.dispatch(ctx, out, out.message)
	}
	// The caller may hold the map, and other results go out with the same one.
	out.message.Headers = out.message.Headers.Clone()
	return b.send(context.WithValue(ctx, outgoingKey{}, out), out.message)
}

// deliver is the innermost [Handler] of the send middleware.
func (b *binding) deliver(ctx context.Context, m *Message) (*Message, error) {
	out, ok := ctx.Value(outgoingKey{}).(*outgoing)
	if !ok {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, errReplacedContext)
	}
	return b.dispatch(ctx, out, m)
}

func (b *binding) dispatch(ctx context.Context, out *outgoing, m *Message) (*Message, error) {
	run := b.app.current.Load()
	if run == nil {
		return nil, b.app.notRunning()
	}
	if out.answer != nil {
		return nil, out.answer(ctx, run, m)
	}
	p := &transport.Publication{
		Message: m, Exchange: out.settings.exchange, Key: m.Address,
		Mandatory: out.settings.exchange == nil || out.settings.mandatory || out.wait != nil || out.stream != nil,
	}
	if out.wait != nil && out.wait.gather != nil {
		return nil, out.wait.gather.begin(ctx, run, p)
	}
	if out.wait != nil {
		return out.wait.exchange(ctx, run, p)
	}
	if out.stream != nil {
		return out.stream.ask(ctx, run, p)
	}
	if m.Persistence == transport.PersistenceUnset {
		m.Persistence = transport.Persistent
	}
	tell, err := b.track(ctx, out, m)
	if err != nil {
		return nil, err
	}
	c, err := run.conn.Publish(ctx, p)
	sent := unconfirmed{outcome: c, tell: tell}
	switch {
	case err != nil:
		return nil, sent.told(err)
	case out.confirm != nil:
		out.confirm(sent)
		return nil, nil
	default:
		return nil, sent.wait(ctx)
	}
}

// unconfirmed is a message whose outcome is not known yet.
type unconfirmed struct {
	outcome transport.Confirmation
	// tell takes the outcome; nil when nobody asks.
	tell func(error)
	// index is the message's in its batch.
	index int
}

// wait returns the outcome.
func (u *unconfirmed) wait(ctx context.Context) error { return u.told(transport.Wait(ctx, u.outcome)) }

// told returns err, the outcome, after telling it.
func (u *unconfirmed) told(err error) error {
	if u.tell != nil {
		u.tell(err)
	}
	return err
}

// notRunning says why there is nothing to send with.
func (a *App) notRunning() error {
	if a.ended.Load() {
		return fmt.Errorf("%w: %w", ErrNotSent, ErrStopped)
	}
	return fmt.Errorf("%w: %w; hint: app.Start or app.Run comes first", ErrNotSent, ErrNotStarted)
}

func meaningless(option, method, hint string) error {
	return fmt.Errorf("parley: %s: %w: parley.%s has no meaning here; hint: %s", method, ErrNotSent, option, hint)
}

func tooLong(what, text string) error {
	return &topology.Error{Wanted: fmt.Sprintf("%s of at most %d bytes", what, maxShortString), Got: fmt.Sprintf("%d bytes", len(text)), Hint: "shorten it"}
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
