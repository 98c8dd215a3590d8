package parley

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-go/parley/transport"
)

// uploads makes the request of a client stream of out: one whose answer is one
// value, or many.
func (b *binding) uploads(out *outgoing, single bool) error {
	if out.items == nil {
		return nil
	}
	method := "Stream"
	if single {
		method = "Request"
	}
	s := &out.settings
	switch {
	case s.streamGiven && s.restarts:
		return meaningless("Restarts", method, "a sequence cannot be sent a second time")
	case single && s.streamGiven && s.maxReplies != 0:
		return meaningless("MaxReplies", method, "it has one answer")
	case out.stream == nil:
		out.stream = newReader(b.template.String(), s)
	}
	r := out.stream
	r.single, r.restarts, r.feed = single, false, newFeed(r, b, out)
	if single {
		r.limit = 0
		if !s.timeoutGiven {
			r.feed.patience = s.timeout
		}
	}
	return nil
}

// ask sends the request; m is the answer where there is only one.
func (r *reader) ask(ctx context.Context, n *run, p *transport.Publication) (m *Message, err error) {
	if !r.single {
		return nil, r.begin(ctx, n, p)
	}
	if r.streams != nil {
		return nil, r.streamError(fmt.Errorf("%w: a sequence cannot be sent a second time", ErrNotSent))
	}
	defer r.leave()
	if err := r.begin(ctx, n, p); err != nil {
		return nil, r.failed(ctx, err)
	}
	return r.only(ctx)
}

// only waits for the one answer to a client stream.
func (r *reader) only(ctx context.Context) (*Message, error) {
	m, err := r.next(ctx)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return &Message{CorrelationID: r.id}, nil
	}
	more, err := r.next(ctx)
	if err != nil {
		return nil, err
	}
	if more != nil {
		return nil, r.streamError(errors.New("the answer is a stream; hint: ask with parley.Stream"))
	}
	return m, nil
}

// abandon ends the call with an error of its own sequence, of which the service
// has been told.
func (r *reader) abandon(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.end(fmt.Errorf("the sequence ended with an error: %w", err))
}

// value takes the value that comes with the end of a stream.
func (r *reader) value(m *Message) {
	if len(m.Body) > 0 || m.ContentType != "" {
		r.buffer = append(r.buffer, m)
	}
}

// refuseItems refuses a sequence where nothing takes its items.
func (o *outgoing) refuseItems(method string) error {
	if o.items == nil {
		return nil
	}
	return fmt.Errorf("parley: %s: %w: wanted one value, got a sequence; hint: send it with parley.Request or parley.Stream", method, ErrNotSent)
}

// callID is the correlation id of a request.
func (o *outgoing) callID() string {
	if o.stream != nil {
		return o.stream.id
	}
	return o.wait.correlationID
}
