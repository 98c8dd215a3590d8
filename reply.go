package parley

import (
	"encoding/json"
	"time"

	"github.com/parley-go/parley/transport"
)

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
	d.persist(answer)
	return &transport.Publication{Message: answer, Key: d.message.ReplyTo, Mandatory: true, Reply: true}
}

// persist gives an answer the life of its request: it goes with a caller that
// waits, and is kept for one that comes back.
func (d *delivery) persist(answer *Message) {
	life := transport.Persistent
	if d.class == transport.ReplyWaiting {
		switch {
		case !d.deadline.IsZero():
			answer.Expiration = remaining(answer.Expiration, d.deadline)
			life = transport.Transient
		case !d.marked:
			life = transport.Transient
		}
	}
	if answer.Persistence == transport.PersistenceUnset {
		answer.Persistence = life
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
	answer := errorAnswer(f)
	d.frameError(answer)
	return d.address(answer)
}

// errorAnswer is an error reply without its address.
func errorAnswer(f failure) *Message {
	body := errorBody{Code: f.code, Message: f.text}
	for _, v := range f.details {
		if raw, err := json.Marshal(v); err == nil {
			body.Details = append(body.Details, raw)
		}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		encoded = []byte(`{"code":"internal","message":"the error could not be encoded"}`)
	}
	return &Message{
		Body:        encoded,
		ContentType: "application/json",
		Headers:     Headers{HeaderError: string(f.code)},
	}
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
