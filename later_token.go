package parley

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-go/parley/transport/topology"
)

// ErrBadToken says that a text is no token of a [Later] that the app takes.
var ErrBadToken = errors.New("not a token of a parley.Later")

const (
	// ticketPrefix begins a token of a [Later] and names its form.
	ticketPrefix = "later1."
	// maxTicket bounds such a token in bytes.
	maxTicket = 2048
	// minLaterKey bounds a key in bytes from below.
	minLaterKey = 16
)

// Bits of the first byte of a ticket.
const (
	ticketWaiting = 1 << iota
	ticketMarked
	ticketReadsErrors
	ticketBits
)

// ticket is who gets an answer that comes later.
type ticket struct {
	// replyTo is empty when nobody asked.
	replyTo, correlationID string
	// messageID is the answer's, the same each time it is sent.
	messageID string
	// queue is where the message came from, typ the name of the answer's type.
	queue, typ string
	// waiting says that the caller waits, marked that it is parley's, and
	// readsErrors that it understands error replies.
	waiting, marked, readsErrors bool
	// deadline is the caller's, zero for none.
	deadline time.Time
}

// LaterKey signs the tokens of [Later] with key (HMAC-SHA256), and refuses those
// without a signature by key or one of the older ones. Each has at least 16
// bytes; all instances of a service have the same. Without it a token is taken
// from whoever has the right to call [Reply], and must not come from outside.
func LaterKey(key []byte, older ...[]byte) Option {
	keys := append([][]byte{slices.Clone(key)}, older...)
	return appOption{"parley.LaterKey(…)", func(s *appSettings) { s.laterKeys = keys }}
}

// checkLaterKeys returns what is wrong with the keys.
func (s *appSettings) checkLaterKeys() error {
	for _, k := range s.laterKeys {
		if len(k) < minLaterKey {
			return &topology.Error{Wanted: fmt.Sprintf("a key of at least %d bytes for parley.LaterKey", minLaterKey), Got: fmt.Sprintf("%d bytes", len(k)), Hint: "make one with crypto/rand"}
		}
	}
	return nil
}

// seal returns the ticket as text, signed with the first key if there is one.
func (t *ticket) seal(keys [][]byte) string {
	text := ticketPrefix + base64.RawURLEncoding.EncodeToString(t.encode())
	if len(keys) == 0 {
		return text
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature(keys[0], text))
}

func signature(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// unseal reads a token; with keys it must have a signature by one of them.
func unseal(token string, keys [][]byte) (*ticket, error) {
	rest, ok := strings.CutPrefix(token, ticketPrefix)
	if !ok || len(token) > maxTicket {
		return nil, ErrBadToken
	}
	body, mac, signed := strings.Cut(rest, ".")
	switch {
	case signed && len(keys) == 0:
		return nil, fmt.Errorf("%w: it is signed; hint: give the service's key to parley.New with parley.LaterKey", ErrBadToken)
	case !signed && len(keys) > 0:
		return nil, fmt.Errorf("%w: it is not signed", ErrBadToken)
	case signed && !signedBy(ticketPrefix+body, mac, keys):
		return nil, fmt.Errorf("%w: no key of this app has signed it", ErrBadToken)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, ErrBadToken
	}
	t := new(ticket)
	if !t.decode(raw) {
		return nil, ErrBadToken
	}
	return t, nil
}

func signedBy(text, mac string, keys [][]byte) bool {
	given, err := base64.RawURLEncoding.Strict().DecodeString(mac)
	return err == nil && slices.ContainsFunc(keys, func(k []byte) bool { return hmac.Equal(given, signature(k, text)) })
}

// texts are the fields that are text, in their order on the wire.
func (t *ticket) texts() []*string {
	return []*string{&t.replyTo, &t.correlationID, &t.messageID, &t.queue, &t.typ}
}

// encode returns one byte of bits, the deadline in milliseconds since 1970 or 0,
// and the texts, each behind its length in one byte.
func (t *ticket) encode() []byte {
	var bits byte
	if t.waiting {
		bits |= ticketWaiting
	}
	if t.marked {
		bits |= ticketMarked
	}
	if t.readsErrors {
		bits |= ticketReadsErrors
	}
	var deadline uint64
	if !t.deadline.IsZero() {
		deadline = uint64(min(max(t.deadline.UnixMilli(), 1), maxCount))
	}
	out := binary.AppendUvarint([]byte{bits}, deadline)
	for _, text := range t.texts() {
		// What is longer than the protocol allows came from no broker.
		short := cut(*text, maxShortString)
		out = append(append(out, byte(len(short))), short...) //nolint:gosec // at most 255
	}
	return out
}

// decode reverses encode; false for anything that encode does not write.
func (t *ticket) decode(raw []byte) bool {
	if len(raw) == 0 || raw[0] >= ticketBits {
		return false
	}
	t.waiting, t.marked, t.readsErrors = raw[0]&ticketWaiting != 0, raw[0]&ticketMarked != 0, raw[0]&ticketReadsErrors != 0
	deadline, n := binary.Uvarint(raw[1:])
	if n <= 0 || deadline > uint64(maxCount) {
		return false
	}
	if deadline > 0 {
		t.deadline = time.UnixMilli(int64(deadline))
	}
	raw = raw[1+n:]
	for _, text := range t.texts() {
		if len(raw) == 0 || len(raw) < 1+int(raw[0]) {
			return false
		}
		end := 1 + int(raw[0])
		*text, raw = string(raw[1:end]), raw[end:]
	}
	return len(raw) == 0
}
