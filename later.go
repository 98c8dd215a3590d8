package parley

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// ErrNotWanted says that nobody wants an answer: the message named no reply
// address, or its sender does not understand error replies. Nothing was sent,
// and trying again is of no use.
var ErrNotWanted = errors.New("nobody wants the answer")

// Later lets a handler answer after it has returned, in hours or days. A handler
// takes it as a further parameter, keeps its [Later.Token] and has no other
// result than an error:
//
//	func(ctx context.Context, o Order, answer parley.Later[Receipt]) error
//
// When it returns nil the message is acknowledged and nothing is sent to the
// caller; [Reply] or [ReplyError] does that, with the token, in any process of
// the service. What was not kept by then is not answered. An error is a failure
// like any other, of which the caller may be told at once: do not use the token
// then. Where the handler runs again, each run has a token of its own, and each
// answers the same message.
//
// T is the type of the answer, [NoBody] for one without a value.
type Later[T any] struct {
	app    *App
	ticket *ticket
}

// Token returns a text of at most 2 KiB of letters, digits, points, hyphens and
// underscores that holds all that [Reply] needs. Whoever has it and the right to run an app
// of the service can answer: keep it in the service's own store. Where it must
// leave the service, sign it, see [LaterKey].
func (l Later[T]) Token() string {
	if l.ticket == nil {
		return ""
	}
	return l.ticket.seal(l.app.settings.laterKeys)
}

// Wanted reports whether anybody asked for an answer. When not, [Reply] with the
// token is [ErrNotWanted].
func (l Later[T]) Wanted() bool { return l.ticket != nil && l.ticket.replyTo != "" }

// Outlives reports whether the answer may come after the end of the process
// that asked: it goes to a queue for whoever comes, see [ReplyTo]. A caller that
// waits takes its answer with it, and a [Reply] afterwards is [ErrNoRoute].
func (l Later[T]) Outlives() bool { return l.Wanted() && !l.ticket.waiting }

// Expires returns until when the caller waits, the zero time for no limit. A
// [Reply] afterwards is [ErrExpired].
func (l Later[T]) Expires() time.Time {
	if l.ticket == nil {
		return time.Time{}
	}
	return l.ticket.deadline
}

// Element returns the type of the answer; it is for parley itself.
func (*Later[T]) Element() reflect.Type { return reflect.TypeFor[T]() }

// Maker returns what makes the parameter; it is for parley itself.
func (*Later[T]) Maker() any {
	return func(ctx context.Context) (Later[T], error) {
		h, ok := ctx.Value(messageKey{}).(*handling)
		if !ok || h.serving == nil {
			return Later[T]{}, errForeignContext
		}
		return Later[T]{h.app, h.serving.ticket(reflect.TypeFor[T]())}, nil
	}
}

// ticket returns who gets the answer to the message when it comes later.
func (d *delivery) ticket(answer reflect.Type) *ticket {
	t := &ticket{queue: d.topology.Queue.Name, typ: typeName(answer), messageID: newMessageID()}
	if d.message.ReplyTo == "" {
		return t
	}
	t.replyTo, t.correlationID = d.message.ReplyTo, d.message.CorrelationID
	t.waiting, t.marked = d.waiting(), d.marked
	t.readsErrors = d.marked || d.insists || d.settings.errorReplies
	if t.waiting {
		// A request to a queue may expire while it is there, not its answer.
		t.deadline = d.deadline
	}
	return t
}

// caller returns who gets the answer.
func (t *ticket) caller(class transport.ReplyClass) *caller {
	return &caller{class: class, marked: t.marked, deadline: t.deadline}
}

// checkLater returns what does not fit a handler that answers later.
func (r *receiver) checkLater() error {
	switch {
	case !r.plan.Promises():
		return nil
	case len(r.settings.forwards) > 0:
		return &topology.Error{Wanted: "a result for parley.PublishTo", Got: "an answer that comes later", Hint: "publish it where parley.Reply is called, or leave PublishTo out"}
	case r.settings.noReply:
		return &topology.Error{Wanted: "a handler without parley.Later for parley.NoReply", Got: "one that answers later", Hint: "leave parley.NoReply out"}
	}
	return nil
}
