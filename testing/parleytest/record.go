package parleytest

import (
	"io"
	"sync"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/recording"
)

// Record writes every message to w that a subscriber of an app under test takes
// from now on, as lines of JSON that [Service.Replay] reads. Further attempts and
// redeliveries of a message are left out. A message that cannot be written fails
// the test when it ends. w is used by one goroutine at a time.
func (ts *Service) Record(w io.Writer) {
	r := &recorder{w: w}
	ts.t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.err != nil {
			ts.reportf("record: %v", r.err)
		}
	})
	l := ts.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recorders = append(l.recorders, r)
}

// recorder writes messages until the first error.
type recorder struct {
	// mu is what promises one writer at a time; nothing else waits for it.
	mu  sync.Mutex
	w   io.Writer
	err error
}

func (r *recorder) write(m *parley.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = recording.Write(r.w, recording.Entry{Time: time.Now().UTC(), Message: m})
	}
}

// Replay plays captured messages into the apps of the test, each to the address
// and exchange that it was captured with, in their order, and returns them. They
// keep id, headers and reply address; answers to a client that is gone have no
// route, as in production. It returns when the broker has them.
//
// A line that cannot be read fails the test. The form of the lines is described
// in package internal/recording.
func (ts *Service) Replay(r io.Reader) []*Sent {
	ts.t.Helper()
	var all []*Sent
	for e, err := range recording.Read(r) {
		if err != nil {
			ts.failf("replay: %v", err)
			return all
		}
		// The broker accepts no login but that of the connection.
		e.Message.UserID = ""
		all = append(all, ts.Raw(e.Message.Address, e.Message))
	}
	return all
}
