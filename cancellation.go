package parley

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

// callOffPatience bounds how long a run that ends tells services so. Who is not
// told notices that the inbox is gone.
const callOffPatience = time.Second

// Why a handler runs no further, or not at all. They are causes of its context.
var (
	errCallerLeft   = NewError(CodeCanceled, "the caller has given up")
	errCallerGone   = NewError(CodeCanceled, "the caller is gone")
	errCallerSilent = NewError(CodeCanceled, "the caller is silent")
)

// cancellations are the requests of one run that can be called off: those that
// wait for their answers, and those that it handles.
type cancellations struct {
	streams *streams

	mu sync.Mutex
	// asked and permits are found by correlation id. Several subscribers of one
	// run may handle the same request.
	asked   map[string]*asked
	permits map[string][]*permit
}

func (c *cancellations) init(s *streams) {
	c.streams, c.asked, c.permits = s, map[string]*asked{}, map[string][]*permit{}
}

// onFrame hands a frame to the request or the stream that it belongs to. It does
// not block.
func (n *run) onFrame(m *Message) {
	a, permits := n.cancellations.find(m.CorrelationID)
	if a == nil && permits == nil {
		n.streams.onFrame(m)
		return
	}
	f, err := stream.Parse(m.Headers)
	control := f.Kind == stream.Credit || f.Kind == stream.Cancel
	switch {
	case control && err == nil && hearAll(permits, &f):
	case control || err != nil || a == nil:
		n.streams.onFrame(m)
	default:
		if answer := a.accept(m, &f); answer != nil {
			n.onAnswer(answer)
		}
	}
}

// find returns what has that correlation id.
func (c *cancellations) find(id string) (*asked, []*permit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[id], slices.Clone(c.permits[id])
}

// hearAll hands a control frame to those whose run it names, to all when it names
// none; false when there is none.
func hearAll(permits []*permit, f *stream.Frame) (heard bool) {
	for _, p := range permits {
		if f.Run == "" || f.Run == p.runID {
			p.hear(f)
			heard = true
		}
	}
	return heard
}

// addAsked keeps a until dropAsked.
func (c *cancellations) addAsked(a *asked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[a.id] = a
	c.streams.woken()
}

func (c *cancellations) dropAsked(a *asked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.asked, a.id)
}

// addPermit keeps p until dropPermit.
func (c *cancellations) addPermit(p *permit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.permits[p.id] = append(c.permits[p.id], p)
	c.streams.woken()
}

func (c *cancellations) dropPermit(p *permit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rest := slices.DeleteFunc(c.permits[p.id], func(other *permit) bool { return other == p })
	if c.permits[p.id] = rest; len(rest) == 0 {
		delete(c.permits, p.id)
	}
}

// tend looks after every one once; false when there is none.
func (c *cancellations) tend(now, since time.Time) bool {
	c.mu.Lock()
	all := values(c.asked)
	permits := slices.Concat(values(c.permits)...)
	c.mu.Unlock()
	for _, a := range all {
		a.tend(now)
	}
	for _, p := range permits {
		p.tend(now, since)
	}
	return len(all)+len(permits) > 0
}

// callOff tells the services of every request that waits that nobody does any
// more. It is for the end of the run, when nothing is told in passing.
func (c *cancellations) callOff(ctx context.Context) {
	c.mu.Lock()
	all := values(c.asked)
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, callOffPatience)
	defer cancel()
	var sent []transport.Confirmation
	for _, a := range all {
		for _, s := range a.depart() {
			if c, err := c.streams.run.conn.Publish(ctx, s.cancel(a.id)); err == nil {
				sent = append(sent, c)
			}
		}
	}
	for _, c := range sent {
		_ = transport.Wait(ctx, c)
	}
}
