package parley

import (
	"crypto/rand"
	"strconv"
	"sync/atomic"
)

// newCorrelationID returns an unguessable id of at least 128 random bits:
// whoever can guess one can answer somebody else's request.
func newCorrelationID() string { return rand.Text() }

var (
	messageIDPrefix  = rand.Text() + "-"
	messageIDCounter atomic.Uint64
)

// newMessageID returns an id that is unique among all processes. Message ids
// are no secrets, so a counter behind a random prefix will do.
func newMessageID() string {
	return messageIDPrefix + strconv.FormatUint(messageIDCounter.Add(1), 36)
}
