package parley

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strings"

	"github.com/parley-go/parley/transport/topology"
)

// MaxToken bounds a [Token] in bytes: it travels in the correlation id.
const MaxToken = 160

// markedID begins a correlation id that has a token in it. A random id, a point
// and the token in base64url follow.
const markedID = "parley-token."

// Token gives a message that is published with [ReplyTo] a text of the caller's
// own, at most [MaxToken] bytes, that comes back with the answer, to whichever
// process takes it: see [Replies]. It may be empty.
//
// It travels in the correlation id, which every service gives back, foreign
// ones too; with [CorrelationID] it is an error. It also says, by the header
// [HeaderAnswer], that an answer is wanted whatever happens: a parley service
// sends an empty one where there is no value, and an error reply when the
// handler finally fails, besides what becomes of the message there.
//
// The token is no secret to the service, and whoever may publish to the reply
// queue can send any. It belongs to one call: as a default, or with a call that
// waits, it is an error.
func Token(text string) SendOption {
	return sendOption{fmt.Sprintf("parley.Token(%q)", text), func(s *sendSettings) { s.token = &text }}
}

// identify puts the token into the correlation id.
func (s *sendSettings) identify(m *Message) error {
	switch {
	case s.token == nil:
		return nil
	case len(*s.token) > MaxToken:
		return &topology.Error{Wanted: fmt.Sprintf("a token of at most %d bytes", MaxToken), Got: fmt.Sprintf("%d bytes", len(*s.token)), Hint: "keep the rest in a store, and the key of it in the token"}
	case m.CorrelationID != "":
		return &topology.Error{Wanted: "a token or a correlation id", Got: "both", Hint: "the token travels in the correlation id: leave that out"}
	case m.ReplyTo == "":
		return &topology.Error{Wanted: "a reply address for the answer with the token", Got: "none", Hint: "add parley.ReplyTo"}
	}
	m.CorrelationID = markedID + newCorrelationID() + "." + base64.RawURLEncoding.EncodeToString([]byte(*s.token))
	m.Headers = maps.Clone(m.Headers)
	m.SetHeader(HeaderAnswer, answerAlways)
	return nil
}

// hasToken reports whether a correlation id was made for a [Token].
func hasToken(correlationID string) bool { return strings.HasPrefix(correlationID, markedID) }

// tokenOf returns the token in a correlation id, "" when there is none.
func tokenOf(correlationID string) string {
	rest, ok := strings.CutPrefix(correlationID, markedID)
	if !ok {
		return ""
	}
	_, encoded, _ := strings.Cut(rest, ".")
	token, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	return string(token)
}
