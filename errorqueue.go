package parley

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// ErrNoFailedMessage says that the error queue has no message with that id.
var ErrNoFailedMessage = errors.New("no such message in the error queue")

// maxLooks is how many deliveries of a message a counting broker may have
// counted before it is renewed. It is half of what quorum queues allow by default
// before they drop the message.
const maxLooks = topology.DefaultDeliveryLimit / 2

// FailedQueue reads one error queue and puts its messages back to work. It works
// through the connection of the app, which must run. Its methods may be called
// concurrently, in handlers and by several processes.
//
// Each method but [FailedQueue.Purge] and [FailedQueue.Depth] takes the messages
// one after the other, the oldest first, and holds them until it returns: others
// that read the queue at the same time see only the rest. It looks at no more
// messages than were ready when it began. What it does not remove goes back to
// its place. When it is interrupted, or the process dies, the broker puts
// everything back that was not removed.
//
// Brokers that count deliveries (quorum queues, on RabbitMQ before 4.3) count
// each look and drop a message at their limit. So a message that was looked at
// 10 times is renewed: a copy with the same id is stored at the end of the queue,
// confirmed, and then the old one is removed. An error queue whose delivery limit
// is 10 or less is not safe to read.
type FailedQueue struct {
	app *App
	// name is the error queue's; source is the queue whose failures it takes,
	// empty where that cannot be told.
	name, source string
}

// ErrorQueue returns the error queue of one of the app's subscribers, which
// address names by its full address or its queue; or that of any other queue,
// named by the queue or by itself. It does no I/O: that there is such a queue
// is found out by the first method. The error says that address is empty, that
// several subscribers have it, or that it has {parameters} and no subscriber.
func (a *App) ErrorQueue(address string) (*FailedQueue, error) {
	if address == "" {
		return nil, fmt.Errorf("parley: error queue: %w", &topology.Error{
			Wanted: "an address or the name of a queue", Got: "an empty one", Hint: `app.ErrorQueue("orders.place")`,
		})
	}
	var found []*receiver
	for _, r := range a.compile().receivers {
		switch address {
		case r.topology.ErrorQueue:
			return a.errorQueueOf(r), nil
		case r.topology.Queue.Name, r.template.String():
			found = append(found, r)
		}
	}
	switch {
	case topology.IsErrorQueue(address):
		return &FailedQueue{app: a, name: address, source: strings.TrimSuffix(address, topology.ErrorQueueSuffix)}, nil
	case len(found) == 1:
		return a.errorQueueOf(found[0]), nil
	case len(found) > 1:
		return nil, fmt.Errorf("parley: error queue: %w", &topology.Error{
			Wanted: "an address of one subscriber", Got: fmt.Sprintf("%q, which %d have", address, len(found)),
			Hint: fmt.Sprintf("name the queue: app.ErrorQueue(%q)", found[0].topology.ErrorQueue),
		})
	case strings.ContainsAny(address, "{}"):
		return nil, fmt.Errorf("parley: error queue: %w", &topology.Error{
			Wanted: "an address of a subscriber or a queue", Got: fmt.Sprintf("%q", address), Hint: "name the queue of the subscriber",
		})
	}
	return &FailedQueue{app: a, name: address + topology.ErrorQueueSuffix, source: address}, nil
}

func (a *App) errorQueueOf(r *receiver) *FailedQueue {
	return &FailedQueue{app: a, name: r.topology.ErrorQueue, source: r.topology.Queue.Name}
}

// Name returns the name of the queue.
func (q *FailedQueue) Name() string { return q.name }

// Depth returns how many messages are ready in the queue. Those that another
// method held a moment ago may be missing.
func (q *FailedQueue) Depth(ctx context.Context) (int, error) {
	_, i, err := q.running()
	if err != nil {
		return 0, err
	}
	n, err := i.Depth(ctx, q.name)
	return n, q.explain(err)
}

// Purge removes all messages that are ready, for good, and returns how many.
func (q *FailedQueue) Purge(ctx context.Context) (int, error) {
	_, i, err := q.running()
	if err != nil {
		return 0, err
	}
	n, err := i.Purge(ctx, q.name)
	return n, q.explain(err)
}

// List returns the oldest messages, at most limit, or all with a limit of 0 or
// less. They stay where they are. They are kept in memory, bodies included.
func (q *FailedQueue) List(ctx context.Context, limit int) ([]FailedMessage, error) {
	var all []FailedMessage
	err := q.scan(ctx, func(run *run, f *FailedMessage) (transport.Verdict, bool) {
		v := q.keep(ctx, run, f)
		all = append(all, *f)
		return v, limit <= 0 || len(all) < limit
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Inspect returns the oldest message with that id, which stays where it is.
// Without one the error is [ErrNoFailedMessage].
func (q *FailedQueue) Inspect(ctx context.Context, id string) (*FailedMessage, error) {
	var found *FailedMessage
	err := q.scan(ctx, func(run *run, f *FailedMessage) (transport.Verdict, bool) {
		if f.Message.ID == id {
			found = f
		}
		return q.keep(ctx, run, f), found == nil
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, q.explain(fmt.Errorf("message %q: %w", id, ErrNoFailedMessage))
	}
	return found, nil
}

// scan visits the messages that are ready now.
func (q *FailedQueue) scan(ctx context.Context, visit func(*run, *FailedMessage) (transport.Verdict, bool)) error {
	return q.scanAhead(ctx, 1, func(run *run, f *FailedMessage) (func() transport.Verdict, bool) {
		v, more := visit(run, f)
		return func() transport.Verdict { return v }, more
	})
}

// scanAhead is scan with verdicts that come later, for at most ahead messages.
func (q *FailedQueue) scanAhead(ctx context.Context, ahead int, visit func(*run, *FailedMessage) (func() transport.Verdict, bool)) error {
	run, i, err := q.running()
	if err != nil {
		return err
	}
	return q.explain(i.ScanAhead(ctx, q.name, ahead, func(m *Message) (func() transport.Verdict, bool) {
		return visit(run, readFailed(m, q.source))
	}))
}

// keep leaves a message in the queue, renewed where the broker has counted so
// many deliveries that it may soon drop the message.
func (q *FailedQueue) keep(ctx context.Context, run *run, f *FailedMessage) transport.Verdict {
	if f.Message.DeliveryCount < maxLooks {
		return transport.Return
	}
	if err := run.confirmed(ctx, &transport.Publication{Message: f.renewed(), Key: q.name, Mandatory: true}); err != nil {
		q.app.settings.logger.Warn("parley: message of an error queue not renewed", "queue", q.name, "message_id", f.Message.ID, "error", err)
		return transport.Return
	}
	return transport.Ack
}

// renewed returns the message as it was before the broker delivered it: what
// the broker noted stands in parley's headers.
func (f *FailedMessage) renewed() *Message {
	m := f.resent()
	kept := maps.Clone(m.Headers)
	if kept == nil {
		kept = Headers{}
	}
	for name, v := range f.Message.Headers {
		if strings.HasPrefix(name, HeaderPrefix) {
			kept[name] = v
		}
	}
	kept[HeaderFailureReason] = f.Reason
	kept[HeaderFailureAddress] = f.Address
	if kept[HeaderFailureExchange] = f.Exchange; f.Exchange == "" {
		delete(kept, HeaderFailureExchange)
	}
	if !f.Time.IsZero() {
		kept[HeaderFailureTime] = f.Time.Format(time.RFC3339Nano)
	}
	m.Headers = kept
	return m
}

// resent returns the message to be published again, without the headers that
// brokers and parley read as truth.
func (f *FailedMessage) resent() *Message {
	m := *f.Message
	m.Headers = harmless(m.Headers)
	if _, insists := f.Message.Headers[HeaderAnswer]; insists {
		m.Headers = m.Headers.Clone()
		m.SetHeader(HeaderAnswer, answerAlways)
	}
	// The broker accepts no other login than the connection's.
	m.UserID = ""
	if m.Persistence == transport.PersistenceUnset {
		m.Persistence = transport.Persistent
	}
	return &m
}

// confirmed publishes p and waits for its outcome.
func (n *run) confirmed(ctx context.Context, p *transport.Publication) error {
	c, err := n.conn.Publish(ctx, p)
	if err != nil {
		return err
	}
	return transport.Wait(ctx, c)
}

// running returns the run and its connection as what looks into queues.
func (q *FailedQueue) running() (*run, transport.QueueInspector, error) {
	n := q.app.current.Load()
	if n == nil {
		err := ErrNotStarted
		if q.app.ended.Load() {
			err = ErrStopped
		}
		return nil, nil, q.explain(err)
	}
	i, ok := n.conn.(transport.QueueInspector)
	if !ok {
		return nil, nil, q.explain(fmt.Errorf("wanted a transport that can look into a queue, got %T", n.conn))
	}
	return n, i, nil
}

// explain adds to an error whose it is.
func (q *FailedQueue) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, transport.ErrClosed):
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	}
	return fmt.Errorf("parley: error queue %q: %w", q.name, err)
}
