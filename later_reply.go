package parley

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// Reply answers the message whose handler kept that token of its [Later], with
// v, which is encoded as any result. app is any running app of the service; it
// need not have the subscriber. nil means that the broker has stored the answer
// in the caller's queue; a caller that waited may have left it by then. The send
// middleware of app is around it, that of routers not.
//
// v is of the type that Later was declared with or a pointer to it, a [Response]
// of it, or a *[Message]; nil is no value. The reply address is checked again: by [AllowReplyTo] of the
// subscriber that took the message, or, where app does not have it, of app.
//
// The error is one or more of [ErrBadToken], [ErrNotWanted], [ErrExpired],
// [ErrNoRoute] (nobody is there any more), [ErrNotSent], [ErrOutcomeUnknown],
// [ErrRefused], [ErrBlocked], [ErrNotStarted], [ErrStopped] and the context's;
// ctx bounds the wait. A token may be used again: the answer then comes again,
// with the same message id, which [Deduplicate] at the other end knows.
func Reply(ctx context.Context, app *App, token string, v any) error {
	t, err := unseal(token, app.settings.laterKeys)
	if err != nil {
		return fmt.Errorf("parley: reply later: %w: %w", ErrNotSent, err)
	}
	m, err := app.lateAnswer(t, v)
	if err != nil {
		return t.explain(fmt.Errorf("%w: %w", ErrNotSent, err))
	}
	return t.explain(app.replyLater(ctx, t, m))
}

// ReplyError is [Reply] with an error in place of a value: what the handler
// would have returned. Only an [*Error] travels with its code and text, as from
// a handler; the rest is logged here. A caller that does not understand error
// replies is told nothing: the error is [ErrNotWanted] then.
func ReplyError(ctx context.Context, app *App, token string, failed error) error {
	t, err := unseal(token, app.settings.laterKeys)
	switch {
	case err != nil:
		return fmt.Errorf("parley: reply later: %w: %w", ErrNotSent, err)
	case failed == nil:
		return t.explain(fmt.Errorf("%w: wanted an error, got nil; hint: parley.Reply with nil says that all is well", ErrNotSent))
	case !t.readsErrors:
		return t.explain(fmt.Errorf("%w: %w: it does not understand error replies", ErrNotSent, ErrNotWanted))
	}
	f := classify(failed, t.messageID)
	if app.settings.subscriber.exposeErrors {
		f.text = failed.Error()
	}
	app.settings.logger.LogAttrs(ctx, slog.LevelError, "parley: message failed later", slog.String("code", string(f.code)),
		slog.Any("error", failed), slog.String("message_id", t.messageID), slog.String("correlation_id", t.correlationID))
	return t.explain(app.replyLater(ctx, t, f.message()))
}

// lateAnswer encodes v, of which the message is the caller's alone.
func (a *App) lateAnswer(t *ticket, v any) (*Message, error) {
	if got := answerType(v); got != "" && t.typ != "" && got != t.typ {
		return nil, &topology.Error{Wanted: "an answer of type " + t.typ, Got: got, Hint: "that is what its Later was declared with; a *parley.Message is taken as it is"}
	}
	m, err := a.wire.Encode(v)
	if err != nil {
		return nil, err
	}
	m = new(*m)
	m.Headers = harmless(m.Headers)
	m.UserID, m.ReplyTo = "", ""
	return m, nil
}

// answerType names the type of an answer, "" for one that fits all.
func answerType(v any) string {
	if r, ok := v.(interface{ Envelope() (any, *Message) }); ok {
		v, _ = r.Envelope()
	}
	switch v.(type) {
	case nil, *Message:
		return ""
	}
	return typeName(reflect.TypeOf(v))
}

// typeName names a type and pointers to it, "" for an interface.
func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Interface || len(t.String()) > maxShortString {
		return ""
	}
	return t.String()
}

// replyLater sends an answer where the ticket says, and waits until it is there.
func (a *App) replyLater(ctx context.Context, t *ticket, m *Message) error {
	run := a.current.Load()
	switch {
	case t.replyTo == "":
		return fmt.Errorf("%w: %w: the message named no reply address", ErrNotSent, ErrNotWanted)
	case run == nil:
		return a.notRunning()
	case !t.deadline.IsZero() && !time.Now().Before(t.deadline):
		return fmt.Errorf("%w: %w: its caller waited until %s", ErrNotSent, ErrExpired, t.deadline.UTC().Format(time.RFC3339))
	}
	if !run.replyPolicy(t.queue).allows(t.replyTo, run.classify(t.replyTo)) {
		return fmt.Errorf("%w: %w; hint: parley.AllowReplyTo, given to parley.New", ErrNotSent, errReplyForbidden)
	}
	m.ID, m.CorrelationID = first(m.ID, t.messageID), first(m.CorrelationID, t.correlationID)
	if m.Timestamp.IsZero() {
		m.Timestamp = time.Now()
	}
	if !t.deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, t.deadline, ErrExpired)
		defer cancel()
	}
	m.Address = t.replyTo
	_, err := run.answers().transmit(ctx, &outgoing{message: m, answer: t.send})
	return err
}

// send is what send middleware is around. Where the answer goes is not for
// middleware to say: that was checked.
func (t *ticket) send(ctx context.Context, n *run, m *Message) error {
	m.Address = t.replyTo
	return n.confirmed(ctx, t.caller(n.classify(t.replyTo)).direct(m, t.replyTo))
}

// answering returns what sends the later answers of a run through the send
// middleware that the app has now; it is made when it is needed.
func (a *App) answering() func() *binding {
	a.mu.Lock()
	middleware := slices.Clone(a.middleware)
	a.mu.Unlock()
	return sync.OnceValue(func() *binding {
		b := &binding{app: a}
		b.wrap(Operation{Action: Send, Later: true, Rule: a.checks.rule}, middleware)
		return b
	})
}

// replyPolicy is of the subscriber of a queue, or else of the app.
func (n *run) replyPolicy(queue string) *subscriberSettings {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.receivers {
		if queue != "" && r.topology.Queue.Name == queue {
			return &r.settings
		}
	}
	return &n.app.settings.subscriber
}

// explain adds to an error whom the answer was for.
func (t *ticket) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, transport.ErrClosed):
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	case errors.Is(err, ErrNoRoute) && t.waiting:
		err = fmt.Errorf("%w; hint: the caller waited for it and is gone", err)
	case errors.Is(err, ErrNoRoute):
		err = fmt.Errorf("%w; hint: no such queue: start its subscriber, see parley.Replies", err)
	}
	return fmt.Errorf("parley: reply to %q (correlation id %s): %w", t.replyTo, t.correlationID, err)
}
