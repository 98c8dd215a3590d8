package parleytest

import (
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// kind is why a message was sent.
type kind uint8

const (
	plain   kind = iota
	request      // somebody waits for its reply
	reply        // to whoever asked
	failure      // into an error queue
	waiting      // into a wait queue, to be tried again
)

// sent is one publication.
type sent struct {
	number  int
	at      time.Time
	by      *party
	kind    kind
	message *parley.Message // a copy, with Address and Exchange
	// parent is the delivery that caused it, nil for none that is known.
	parent  *received
	outcome error
}

// received is one delivery.
type received struct {
	at           time.Time
	subscription *subscription
	message      *parley.Message // a copy
	// from is nil for a message of unknown origin.
	from     *sent
	attempts []*attempt
	caused   []*sent
	verdict  transport.Verdict
	settled  time.Time
}

// attempt is one run of the handler.
type attempt struct {
	begin  time.Time
	done   bool
	result *parley.Message
	err    error
	panics bool
}

// subscription is one consumer.
type subscription struct {
	by       *party
	topology topology.Subscription
	live     bool
}

// queue identifies the queue, also one that the broker names.
func (s *subscription) queue() string {
	if s.topology.Queue.Name != "" {
		return s.topology.Queue.Name
	}
	return s.topology.ErrorQueue + "#" + s.by.name
}

// party is somebody with a connection.
type party struct {
	name string
	// app is nil for the test's own connection.
	app *parley.App
	// tested says that it is under test, not the test's.
	tested bool
}
