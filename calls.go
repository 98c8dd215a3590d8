package parley

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
)

// calls are the requests of one run that wait for their replies.
type calls struct {
	mu      sync.Mutex
	pending map[string]*call
	max     int
}

// call is one waiting request.
type call struct {
	address       string
	correlationID string
	limit         time.Duration // 0 is none
	// reply has room for the one reply, so that handing it over never blocks.
	reply chan *Message
	// gather takes the replies of a request with several; nil for one.
	gather *gathering
	// asked is what calls it off; nil for one that cannot be.
	asked *asked
	// deadline is when nobody waits any more, zero for none; expires says that
	// the request is dropped then.
	deadline      time.Time
	sent, expires bool
}

// errOwnLimit is the cause of a context that ended by Timeout, as opposed to
// one that its owner ended.
var errOwnLimit = errors.New("limit of the call")

func newCall(limit time.Duration, cancellable bool) *call {
	w := &call{correlationID: newCorrelationID(), limit: limit, reply: make(chan *Message, 1)}
	if cancellable {
		w.asked = &asked{id: w.correlationID, servers: map[string]server{}}
	}
	return w
}

func (c *calls) add(w *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.room(len(c.pending)); err != nil {
		return err
	}
	c.pending[w.correlationID] = w
	return nil
}

// room refuses one more where n wait already.
func (c *calls) room(n int) error {
	if n >= c.max {
		return NewError(CodeResourceExhausted, strconv.Itoa(c.max)+" requests wait already; hint: parley.MaxPending raises the bound")
	}
	return nil
}

// waiting counts them.
func (c *calls) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

// take returns the call of that id, nil when there is none, and removes it
// unless it has several replies.
func (c *calls) take(correlationID string) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.pending[correlationID]
	if w == nil || w.gather == nil {
		delete(c.pending, correlationID)
	}
	return w
}

// drop removes a call.
func (c *calls) drop(w *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, w.correlationID)
}

// forget ends a call, and tells the service where it may be called off.
func (n *run) forget(w *call) {
	n.calls.drop(w)
	w.asked.leave()
}

// onReply hands a reply to the call that it belongs to, and to no other.
func (n *run) onReply(m *Message) {
	if _, frame := m.Headers[HeaderStreamFrame]; frame {
		n.onFrame(m)
		return
	}
	n.onAnswer(m)
}

func (n *run) onAnswer(m *Message) {
	w := n.calls.take(m.CorrelationID)
	if w == nil && n.streams.answer(m) {
		return
	}
	if w != nil {
		w.asked.answered(m)
	}
	if w == nil || w.gather != nil && !w.gather.accept(m) {
		n.app.stats.late.Add(1)
		n.app.settings.logger.LogAttrs(context.Background(), slog.LevelDebug, "parley: reply without a waiting request",
			slog.String("correlation_id", m.CorrelationID), slog.String("message_id", m.ID))
		return
	}
	if w.gather == nil {
		w.reply <- m
	}
}

// exchange sends the request and waits for its reply. The pending entry is made
// before anything is sent, so that no reply can come too early.
func (w *call) exchange(ctx context.Context, n *run, p *transport.Publication) (*Message, error) {
	w.address = p.Message.Address
	limited := &lazyDeadline{Context: ctx, cause: errOwnLimit}
	defer limited.end()
	var limit <-chan time.Time
	if w.limit > 0 {
		limited.deadline = time.Now().Add(w.limit)
		timer := time.NewTimer(w.limit)
		defer timer.Stop()
		limit = timer.C
	}
	m, err := w.ask(limited, limit, n, p)
	if err != nil {
		return nil, w.failed(limited.ended(), err)
	}
	return m, nil
}

// ask is exchange under a limit: ctx has it for the transport, which hardly
// ever waits, and the channel for the wait that follows.
func (w *call) ask(ctx *lazyDeadline, limit <-chan time.Time, n *run, p *transport.Publication) (*Message, error) {
	defer n.forget(w)
	pending, err := w.send(ctx, n, p)
	if err != nil {
		return nil, err
	}
	return w.await(ctx.Context, limit, n, pending)
}

// send sends the request. Until it is dropped, replies find it.
func (w *call) send(ctx context.Context, n *run, p *transport.Publication) (transport.Pending, error) {
	if err := w.stamp(ctx, p.Message, n.durable && w.asked == nil); err != nil {
		return nil, err
	}
	if err := n.calls.add(w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	if !w.deadline.IsZero() {
		// The wait for a connection may use up most of the limit.
		p.Timed = w
	}
	var pending transport.Pending
	var err error
	if w.asked == nil {
		pending, err = n.conn.Request(ctx, p)
	} else {
		pending, err = w.asked.send(ctx, n, p)
	}
	w.sent = err == nil
	return pending, err
}

// shortLimit is a hint for a limit that is over before anything can be sent, as
// that of parley.Timeout(3).
func (w *call) shortLimit() string {
	if w.limit <= 0 || w.limit >= time.Millisecond {
		return ""
	}
	return fmt.Sprintf("; hint: the limit was %v, say parley.Timeout(3 * time.Second)", w.limit)
}

// stamp gives the request its identity, its deadline and its life: it goes with
// a caller that waits, unless replies outlive the caller's session.
func (w *call) stamp(ctx context.Context, m *Message, durable bool) error {
	m.CorrelationID = w.correlationID
	headers := make(Headers, len(m.Headers)+1)
	maps.Copy(headers, m.Headers)
	m.Headers = headers
	headers[HeaderDeadline] = int64(0)
	if w.gather != nil {
		headers[HeaderGather] = true
	}
	life := transport.Persistent
	if deadline, limited := ctx.Deadline(); limited {
		if err := inTime(ctx); err != nil {
			return fmt.Errorf("%w%s", err, w.shortLimit())
		}
		w.deadline, w.expires = deadline, !durable
		w.Refresh(m)
		if w.expires {
			life = transport.Transient
		}
	}
	if m.Persistence == transport.PersistenceUnset {
		m.Persistence = life
	}
	return nil
}

// Refresh states how much time is left, at least a millisecond: see
// [transport.Timed].
func (w *call) Refresh(m *Message) {
	left := max(time.Until(w.deadline), time.Millisecond)
	m.Headers[HeaderDeadline] = left.Milliseconds()
	if w.expires {
		m.Expiration = left
	}
}

// await waits for whatever comes first: the reply, a refusal of the request,
// the loss of the reply address, the end of ctx or of the run.
func (w *call) await(ctx context.Context, limit <-chan time.Time, n *run, pending transport.Pending) (*Message, error) {
	confirmed := pending.Done()
	for {
		select {
		case m := <-w.reply:
			return m, nil
		case <-confirmed:
			confirmed = nil
			if err := w.refused(pending); err != nil {
				return w.orReply(n.orStopped(err))
			}
		case <-pending.Lost():
			return w.orReply(n.orStopped(fmt.Errorf("%w: the connection that the reply would come on was lost", ErrOutcomeUnknown)))
		case <-limit:
			return w.orReply(errOwnLimit)
		case <-ctx.Done():
			return w.orReply(ctx.Err())
		case <-n.closed:
			return w.orReply(errStoppedWaiting)
		}
	}
}

// errStoppedWaiting ends the requests that wait when their run stops.
var errStoppedWaiting = fmt.Errorf("%w: %w", ErrStopped, ErrOutcomeUnknown)

// orStopped returns err, or what caused it: a run that stops takes its reply
// address and its confirms along.
func (n *run) orStopped(err error) error {
	select {
	case <-n.closed:
		return errStoppedWaiting
	default:
		return err
	}
}

// refused returns why the request was not stored. An unknown outcome does not
// end a call whose reply address survives: the answer may still come.
func (w *call) refused(pending transport.Pending) error {
	err := pending.Err()
	if errors.Is(err, ErrOutcomeUnknown) && pending.Lost() == nil {
		return nil
	}
	return err
}

// orReply prefers a reply that came at the same moment as the end.
func (w *call) orReply(err error) (*Message, error) {
	select {
	case m := <-w.reply:
		return m, nil
	default:
		return nil, err
	}
}

// failed turns the end of a call into the error that its caller sees.
func (w *call) failed(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, transport.ErrClosed):
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	case definite(err):
	case errors.Is(err, errOwnLimit) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = w.timedOut(ctx, err)
	case ctx.Err() != nil && w.sent:
		err = fmt.Errorf("%w: %w", joined(context.Cause(ctx), context.Canceled), ErrOutcomeUnknown)
	}
	return &CallError{Address: w.address, CorrelationID: w.correlationID, Err: err}
}

// joined returns cause, made to be want too.
func joined(cause, want error) error {
	if errors.Is(cause, want) {
		return cause
	}
	return fmt.Errorf("%w: %w", want, cause)
}

// timedOut says which limit it was, and what became of the request.
func (w *call) timedOut(ctx context.Context, err error) error {
	t := &timeoutError{text: "no reply before the context's deadline", outcome: ErrNotSent}
	if errors.Is(err, errOwnLimit) || errors.Is(context.Cause(ctx), errOwnLimit) {
		t.own, t.text = true, fmt.Sprintf("no reply within %v", w.limit)
	}
	switch {
	case w.sent:
		// Only parley's own services answer with errors.
		t.outcome, t.text = ErrOutcomeUnknown, t.text+" (a service that is not parley's reports no failures)"
	case errors.Is(err, ErrBlocked):
		t.outcome = ErrBlocked
	case err != errOwnLimit && err != context.DeadlineExceeded: //nolint:errorlint // the bare ones say nothing more
		t.text += fmt.Sprintf(" (%v)", err)
	}
	return t
}

// definite reports an outcome that running out of time did not cause.
func definite(err error) bool {
	return errors.Is(err, ErrNoRoute) || errors.Is(err, ErrRefused) || errors.Is(err, ErrExpired) || errors.Is(err, ErrStopped)
}

// timeoutError is ErrTimeout, context.DeadlineExceeded and what became of the
// request, all at once.
type timeoutError struct {
	text    string
	outcome error
	own     bool // ended by Timeout, not by the context
}

func (e *timeoutError) Error() string { return "timeout: " + e.text + ": " + e.outcome.Error() }

// Unwrap returns all that the error is.
func (e *timeoutError) Unwrap() []error {
	return []error{ErrTimeout, context.DeadlineExceeded, e.outcome}
}

// Timeout reports true, as net.Error and os.IsTimeout ask.
func (e *timeoutError) Timeout() bool { return true }
