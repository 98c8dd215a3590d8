package parley

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/parley-go/parley/transport"
)

// caller is who gets the answer to a message.
type caller struct {
	// class says how the reply address may be used; meaningless without one.
	class transport.ReplyClass
	// marked says that the caller is parley's, waits, and reads error replies.
	marked bool
	// insists says that it does not wait, and wants an answer whatever happens.
	insists bool
	// deadline is the caller's, zero when it has none.
	deadline time.Time
}

// reply makes the answer to a message from a result, nil for none.
func (d *delivery) reply(out *Message) *transport.Publication {
	if out == nil || d.settings.noReply {
		return d.address(&Message{})
	}
	return d.address(d.derived(out))
}

// derived returns a result as it is safe to send: of a handler's own input only
// the body is taken, of anything else no steering header. It is a copy unless
// nobody else can have the message.
func (d *delivery) derived(out *Message) *Message {
	if out == d.message {
		return &Message{Body: out.Body, ContentType: out.ContentType, ContentEncoding: out.ContentEncoding}
	}
	if !d.ownsResults {
		out = new(*out)
	}
	out.Headers = harmless(out.Headers)
	// A copy of the input brings these along: they are its sender's, not ours.
	out.UserID, out.ReplyTo = "", ""
	return out
}

// address completes an answer and directs it to the caller.
func (d *delivery) address(answer *Message) *transport.Publication {
	if answer.ID == "" {
		answer.ID = newMessageID()
	}
	if answer.CorrelationID == "" {
		answer.CorrelationID = d.message.CorrelationID
	}
	d.sign(answer)
	return d.direct(answer, d.message.ReplyTo)
}

// sign says whose one of several answers is, and which run it ends of a request
// that could be called off.
func (d *delivery) sign(answer *Message) {
	_, gathered := d.message.Headers[HeaderGather]
	gathered = gathered && d.marked
	if !gathered && d.permit == nil {
		return
	}
	headers := make(Headers, len(answer.Headers)+2)
	maps.Copy(headers, answer.Headers)
	if gathered {
		headers[HeaderInstance] = d.instance
		answer.AppID = first(answer.AppID, d.app.settings.name)
	}
	if d.permit != nil {
		headers[HeaderStreamRun] = d.permit.runID
	}
	answer.Headers = headers
}

// direct sends an answer to the caller's address with the life of its request:
// it goes with a caller that waits, and is kept for one that comes back.
func (c *caller) direct(answer *Message, replyTo string) *transport.Publication {
	life := transport.Persistent
	if c.class == transport.ReplyWaiting {
		switch {
		case !c.deadline.IsZero():
			answer.Expiration = remaining(answer.Expiration, c.deadline)
			life = transport.Transient
		case !c.marked:
			life = transport.Transient
		}
	}
	if answer.Persistence == transport.PersistenceUnset {
		answer.Persistence = life
	}
	return &transport.Publication{Message: answer, Key: replyTo, Mandatory: true, Reply: true}
}

// insist says on a copy of the message what the original said.
func (c *caller) insist(headers Headers) {
	if c.insists {
		headers[HeaderAnswer] = answerAlways
	}
}

// remaining returns the time until deadline, at least a millisecond, or less
// when the handler asked for less.
func remaining(asked time.Duration, deadline time.Time) time.Duration {
	left := max(time.Until(deadline), time.Millisecond)
	if asked > 0 {
		return min(asked, left)
	}
	return left
}

// errorBody is the body of an error reply.
type errorBody struct {
	Code    Code              `json:"code"`
	Message string            `json:"message"`
	Details []json.RawMessage `json:"details,omitempty"`
}

// errorReply makes the answer that tells a caller of a failure.
func (d *delivery) errorReply(f failure) *transport.Publication {
	answer := f.message()
	d.frameError(answer)
	return d.address(answer)
}

// message returns a failure as it stands in an error reply.
func (f failure) message() *Message {
	body := errorBody{Code: f.code, Message: f.text}
	for _, v := range f.details {
		var raw json.RawMessage
		err := recovered(func() (err error) { raw, err = json.Marshal(v); return err })
		if err == nil {
			body.Details = append(body.Details, raw)
		}
	}
	return &Message{
		Body:        body.encode(),
		ContentType: "application/json",
		Headers:     Headers{HeaderError: string(f.code)},
	}
}

func (b *errorBody) encode() []byte {
	encoded, err := json.Marshal(b)
	if err != nil {
		return []byte(`{"code":"internal","message":"the error could not be encoded"}`)
	}
	return encoded
}

// remoteError reads an error reply; nil when m is none.
func remoteError(m *Message) *RemoteError {
	code := m.Header(HeaderError)
	if code == "" {
		return nil
	}
	var body errorBody
	if json.Unmarshal(m.Body, &body) != nil {
		body.Message = "the error reply could not be read"
	}
	return &RemoteError{Code: Code(code), Message: body.Message, Details: body.Details}
}
