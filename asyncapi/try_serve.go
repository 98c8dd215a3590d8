package asyncapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parley-go/parley"
)

// outcome is what a use came to.
type outcome struct {
	Kind UseKind `json:"kind"`
	// TookMS is how long sending and waiting took, in milliseconds.
	TookMS float64   `json:"took_ms"`
	Reply  *received `json:"reply,omitempty"`
	// Error is what went wrong with the message itself.
	Error *refusal `json:"error,omitempty"`
	// End and Replies say how a stream ended, and behind how many replies.
	End     streamEnd `json:"end,omitempty"`
	Replies int       `json:"replies,omitempty"`
	// written says that the visitor has it already.
	written bool
}

// received is a reply as it came.
type received struct {
	// Matches is the title of the declared message that it is.
	Matches    string            `json:"matches,omitempty"`
	Properties map[string]string `json:"properties"`
	Headers    map[string]any    `json:"headers,omitempty"`
	// JSON is a body that is JSON, Text one that is text. Neither is set for an
	// empty body or for bytes.
	JSON json.RawMessage `json:"json,omitempty"`
	Text string          `json:"text,omitempty"`
	Size int             `json:"size"`
}

func (p *Page) serveTry(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		answer(w, http.StatusMethodNotAllowed, refuse(0, parley.CodeUnimplemented, "wanted POST"))
		return
	}
	t, begun := p.settings.try, time.Now()
	use := Use{Request: r}
	out, refused := p.use(w, &use)
	code := parley.Code("ok")
	switch {
	case refused != nil:
		code = refused.Code
		answer(w, refused.status, refused)
	case !out.written:
		answer(w, http.StatusOK, out)
	}
	if refused == nil && out.Error != nil {
		code = out.Error.Code
	}
	t.logger.LogAttrs(r.Context(), slog.LevelInfo, "asyncapi: page used",
		slog.String("operation", use.Operation), slog.String("kind", string(use.Kind)), slog.String("outcome", string(code)),
		slog.Duration("took", time.Since(begun)), slog.String("remote", r.RemoteAddr))
}

// use does what a visitor asks for. It fills in what was asked.
func (p *Page) use(w http.ResponseWriter, u *Use) (*outcome, *refusal) {
	t := p.settings.try
	if no := t.admit(u.Request); no != nil {
		return nil, no
	}
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	default:
		return nil, refuse(http.StatusTooManyRequests, parley.CodeResourceExhausted, "others are sending; try again")
	}
	if !t.take() {
		return nil, refuse(http.StatusTooManyRequests, parley.CodeResourceExhausted, "too much was sent from here; try again in a moment")
	}
	in, no := t.read(w, u.Request)
	if no != nil {
		return nil, no
	}
	s, err := p.current()
	if err != nil {
		return nil, refuse(http.StatusInternalServerError, parley.CodeInternal, "the service cannot be described")
	}
	op := s.operation(in.Operation)
	if op == nil {
		return nil, refuse(http.StatusNotFound, parley.CodeNotFound, "no such operation")
	}
	u.Operation, u.Kind = op.id, in.Kind
	if no := t.allow(*u); no != nil {
		return nil, no
	}
	m, path, no := s.compose(op, in)
	if no != nil {
		return nil, no
	}
	if in.Kind == UseCheck {
		return &outcome{Kind: in.Kind}, nil
	}
	m.AppID = p.app.Name() + " " + Origin
	if op.Stream && in.Kind == UseRequest {
		return p.stream(w, s, op, u, m, path), nil
	}
	return p.transmit(s, op, u, m, path)
}

func (s *shown) operation(id string) *operationPlan {
	for _, op := range s.generated.operations {
		if op.id == id {
			return op
		}
	}
	return nil
}

// transmit sends, by way of what the app declares.
func (p *Page) transmit(s *shown, op *operationPlan, u *Use, m *parley.Message, path []string) (*outcome, *refusal) {
	ctx, cancel := context.WithTimeout(u.Request.Context(), p.settings.try.timeout)
	defer cancel()
	publisher := p.publisherTo(op, path)
	out := &outcome{Kind: u.Kind}
	begun := time.Now()
	var reply *parley.Message
	var err error
	if u.Kind == UseRequest {
		reply, err = publisher.Request(ctx, m, parley.Timeout(p.settings.try.timeout))
	} else {
		err = publisher.Publish(ctx, m)
	}
	out.TookMS = since(begun)
	if err != nil {
		out.Error = sendError(err)
	} else if reply != nil {
		out.Reply = s.received(op, reply)
	}
	return out, nil
}

// publisherTo sends to an operation of the app itself.
func (p *Page) publisherTo(op *operationPlan, path []string) *parley.Publisher {
	var opts []parley.SendOption
	for i, name := range op.Parameters {
		opts = append(opts, parley.Path(name, path[i]))
	}
	return p.app.PublisherTo(*op.Operation, opts...)
}

// sendError tells a visitor how sending failed, without the names and addresses
// that errors of the connection hold.
func sendError(err error) *refusal {
	if remote, ok := errors.AsType[*parley.RemoteError](err); ok {
		return &refusal{Code: remote.Code, Message: remote.Message, Details: remote.Details}
	}
	switch {
	case errors.Is(err, parley.ErrNotStarted), errors.Is(err, parley.ErrStopped):
		return refuse(0, parley.CodeUnavailable, "the service is not running")
	case errors.Is(err, parley.ErrNoRoute):
		return refuse(0, parley.CodeUnavailable, "no queue takes it: nobody listens there")
	case errors.Is(err, parley.ErrBlocked), errors.Is(err, parley.ErrRefused):
		return refuse(0, parley.CodeUnavailable, "the broker does not take it now")
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(0, parley.CodeDeadlineExceeded, "no answer in time; what became of the message is not known")
	case errors.Is(err, parley.ErrOutcomeUnknown):
		return refuse(0, parley.CodeUnknown, "what became of the message is not known")
	default:
		return refuse(0, parley.CodeUnknown, "it was not sent")
	}
}

func (s *shown) received(op *operationPlan, m *parley.Message) *received {
	r := &received{Size: len(m.Body), Properties: map[string]string{}, Headers: map[string]any{}, Matches: s.matching(op, m)}
	for name, value := range map[string]string{
		"content-type": m.ContentType, "content-encoding": m.ContentEncoding, "message-id": m.ID,
		"correlation-id": m.CorrelationID, "app-id": m.AppID, "type": m.Type,
	} {
		if value != "" {
			r.Properties[name] = value
		}
	}
	if !m.Timestamp.IsZero() {
		r.Properties["timestamp"] = m.Timestamp.UTC().Format(time.RFC3339)
	}
	if m.Priority > 0 {
		r.Properties["priority"] = strconv.Itoa(int(m.Priority))
	}
	for name, value := range m.Headers {
		if _, err := json.Marshal(value); err == nil {
			r.Headers[name] = value
		}
	}
	switch {
	case json.Valid(m.Body) && m.ContentType == contentJSON:
		r.JSON = m.Body
	case utf8.Valid(m.Body):
		r.Text = string(m.Body)
	}
	return r
}

// matching is the title of the declared reply that m is, "" for none.
func (s *shown) matching(op *operationPlan, m *parley.Message) string {
	for _, declared := range op.answers {
		object := s.generated.doc.Components.Messages[declared.key]
		if object == nil || declared.frame || isFailure(object) || object.Payload == nil || object.Payload.Format != "" {
			continue
		}
		body := json.RawMessage(m.Body)
		switch {
		case len(m.Body) == 0:
			body = json.RawMessage("null")
		case declared.contentType == contentText || declared.contentType == contentBytes:
			body, _ = encode(string(m.Body)) // a string always encodes
		case !json.Valid(body):
			continue
		}
		if len(s.check("/components/messages/"+declared.key+"/payload", body, "")) == 0 {
			return object.Title
		}
	}
	return ""
}

func answer(w http.ResponseWriter, status int, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"code":"internal","message":"the answer cannot be shown"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // a client that went away needs no answer
}
