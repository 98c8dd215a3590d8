package parley

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

// maxServers bounds those of one request that are remembered.
const maxServers = 4096

// asked is a request that can be called off, seen by who asks.
type asked struct {
	id string
	// registry is nil until the request is being sent.
	registry *cancellations

	mu sync.Mutex
	// servers wait for the leave to run it, or run it, by who they are.
	servers map[string]server
	told    time.Time
	left    bool
}

// server is one run of a handler at the other side.
type server struct{ run, inbox string }

// accept takes a frame. What it returns is an answer.
func (a *asked) accept(m *Message, f *stream.Frame) *Message {
	switch f.Kind {
	case stream.Open:
		a.meet(m, f)
	case stream.Error:
		return m
	case stream.Item, stream.End:
		// The handler streams, and stops when it hears that nobody wants that.
		return a.streamed(m)
	case stream.Request, stream.Credit, stream.Beat, stream.Cancel:
	}
	return nil
}

// meet lets a service begin, or tells it that nobody waits any more.
func (a *asked) meet(m *Message, f *stream.Frame) {
	s := server{f.Run, m.ReplyTo}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.left {
		a.registry.streams.say(a.id, s, stream.Cancel, nil)
		return
	}
	if len(a.servers) < maxServers {
		a.servers[nameOf(m)] = s
	}
	a.grant(s)
}

// nameOf tells a server from others: one that asks again takes its own place.
func nameOf(m *Message) string {
	return first(m.Header(HeaderInstance), m.Header(HeaderStreamRun))
}

func (a *asked) grant(s server) {
	a.registry.streams.say(a.id, s, stream.Credit, func() { a.lose(s) })
}

// lose forgets a server that is gone: the broker gives its message to another.
func (a *asked) lose(gone server) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, s := range a.servers {
		if s == gone {
			delete(a.servers, name)
		}
	}
}

// answered forgets the server that m is of: it is through.
func (a *asked) answered(m *Message) {
	if a == nil {
		return
	}
	run := m.Header(HeaderStreamRun)
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, s := range a.servers {
		if s.run == run {
			delete(a.servers, name)
		}
	}
}

// streamed is the answer in place of a stream that was not asked for.
func (a *asked) streamed(m *Message) *Message {
	body := errorBody{Code: errStreamNotAsked.code, Message: errStreamNotAsked.message}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.servers {
		if s.run == m.Header(HeaderStreamRun) {
			a.registry.streams.say(a.id, s, stream.Cancel, nil)
		}
	}
	headers := Headers{HeaderError: string(errStreamNotAsked.code), HeaderStreamRun: m.Headers[HeaderStreamRun]}
	return &Message{CorrelationID: m.CorrelationID, AppID: m.AppID, ContentType: "application/json", Body: body.encode(), Headers: headers}
}

// tend gives those that run it a sign of life.
func (a *asked) tend(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.told) < defaultBeat {
		return
	}
	a.told = now
	for _, s := range a.servers {
		a.grant(s)
	}
}

// depart waits for nothing any more, and returns who is to be told.
func (a *asked) depart() []server {
	a.mu.Lock()
	defer a.mu.Unlock()
	servers := values(a.servers)
	a.left, a.servers = true, nil
	return servers
}

// leave forgets the request and tells the services that still have it.
func (a *asked) leave() {
	if a == nil || a.registry == nil {
		return
	}
	a.registry.dropAsked(a)
	for _, s := range a.depart() {
		a.registry.streams.say(a.id, s, stream.Cancel, nil)
	}
}

// say sends a control frame about a request to a server of it.
func (s *streams) say(id string, to server, kind stream.Kind, unroutable func()) {
	s.tell(id, to.inbox, to.frame(kind), unroutable)
}

// frame is a control frame to a server.
func (s server) frame(kind stream.Kind) *stream.Frame {
	f := stream.Of(kind)
	f.Run = s.run
	if kind == stream.Credit {
		f.Credit = 1
	}
	return &f
}

// cancel is the message that calls a request off.
func (s server) cancel(id string) *transport.Publication {
	m := &Message{CorrelationID: id, Persistence: transport.Transient}
	s.frame(stream.Cancel).Write(m)
	return &transport.Publication{Message: m, Key: s.inbox, Reply: true}
}

// send sends the request: announced, and answered at the inbox.
func (a *asked) send(ctx context.Context, n *run, p *transport.Publication) (transport.Pending, error) {
	if n.streams.inboxes == nil {
		return nil, fmt.Errorf("%w: parley.Cancellable needs an inbox: %w", ErrNotSent, errNoInboxes)
	}
	var inbox transport.Inbox
	p.Inbox = &inbox
	announce(p.Message)
	a.registry, a.told = &n.cancellations, time.Now()
	a.registry.addAsked(a)
	c, err := n.conn.Publish(ctx, p)
	return atInbox{c, inbox.Lost}, err
}

// announce makes of m, whose headers are its own, a request that a service asks
// about before it runs it.
func announce(m *Message) {
	f := stream.Frame{Kind: stream.Request, Seq: -1, Credit: 0, CreditBytes: -1, Beat: defaultBeat}
	f.Write(m)
}

// atInbox is the pending outcome of a request that is answered at an inbox.
type atInbox struct {
	transport.Confirmation
	lost <-chan struct{}
}

// Lost is closed when no reply can arrive any more.
func (p atInbox) Lost() <-chan struct{} { return p.lost }
