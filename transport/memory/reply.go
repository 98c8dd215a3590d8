package memory

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// replyMode is what kind of reply address requests get.
type replyMode uint8

const (
	replyInbox replyMode = iota
	replyDirect
	replyNamed
)

// directPrefix begins the addresses of direct reply-to.
//
// Source: https://www.rabbitmq.com/docs/direct-reply-to
const directPrefix = "amq.rabbitmq.reply-to."

// replyQueueExpiry is how long a named reply queue waits for its owner.
const replyQueueExpiry = 5 * time.Minute

func isReplyAddress(address string) bool {
	return strings.HasPrefix(address, generatedPrefix) || strings.HasPrefix(address, directPrefix)
}

// ClassifyReply judges a reply address by its form.
func (c *conn) ClassifyReply(address string) transport.ReplyClass {
	switch {
	case address == "" || len(address) > maxShort:
		return transport.ReplyForbidden
	case isReplyAddress(address):
		return transport.ReplyWaiting
	case strings.HasPrefix(address, "amq.") || topology.IsErrorQueue(address):
		return transport.ReplyForbidden
	case strings.Contains(address, "|"):
		// RabbitMQ's transport refuses it: some peers name an exchange after the bar.
		return transport.ReplyForbidden
	}
	return transport.ReplyNamed
}

// DurableReplies reports whether replies wait in a queue of their own.
func (c *conn) DurableReplies() bool { return c.endpoint.replies == replyNamed }

// session is one life of a connection.
type session struct {
	// inbox is where replies to requests arrive, nil with a named reply queue.
	inbox *inbox
	// own is the inbox that others may be told, nil until it is asked for. It and
	// muted are guarded by conn.mu.
	own *inbox
	// ended is closed with the session, by mute.
	ended chan struct{}
	muted bool
	// accepted is what a request gets whose message is stored.
	accepted transport.Pending
}

func (c *conn) newSession() *session {
	s := &session{ended: make(chan struct{})}
	switch c.endpoint.replies {
	case replyInbox:
		s.own = c.newInbox(generatedPrefix)
		s.inbox = s.own
	case replyDirect:
		s.inbox = c.newInbox(directPrefix)
	case replyNamed:
	}
	s.accepted = &pending{lost: s.lost()}
	return s
}

// lost is closed when replies to requests can no longer arrive, nil with a
// named reply queue.
func (s *session) lost() <-chan struct{} {
	if s.inbox == nil {
		return nil
	}
	return s.ended
}

func (c *conn) newInbox(prefix string) *inbox {
	i := &inbox{name: generatedName(prefix), replies: &c.replies}
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	c.broker.inboxes.add(i.name, i)
	return i
}

// Inbox returns the session's inbox, see [transport.Inboxes].
func (c *conn) Inbox(ctx context.Context) (transport.Inbox, error) {
	if ctx.Err() != nil {
		return transport.Inbox{}, notSent(context.Cause(ctx))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed() {
		return transport.Inbox{}, errClosed
	}
	s := c.session.Load()
	if s.own == nil {
		s.own = c.newInbox(generatedPrefix)
	}
	return transport.Inbox{Address: s.own.name, Lost: s.ended}, nil
}

// endSession ends the session's reply addresses and exclusive queues.
func (c *conn) endSession(s *session) {
	c.mute(s)
	b := c.broker
	for _, q := range b.queues.all() {
		if q.owner == c {
			b.deleteQueue(q, nil)
		}
	}
}

// mute ends the session's reply addresses, also those that were made since it
// last did.
func (c *conn) mute(s *session) {
	b := c.broker
	for _, i := range []*inbox{s.inbox, s.own} {
		if i == nil {
			continue
		}
		b.mu.Lock()
		b.inboxes.remove(i.name)
		b.mu.Unlock()
		i.close()
	}
	if !s.muted {
		s.muted = true
		close(s.ended)
	}
}

// pending is the outcome of a request's publication.
type pending struct {
	transport.Settled
	lost <-chan struct{}
}

// Lost is closed when the session ended; nil with a named reply queue.
func (p *pending) Lost() <-chan struct{} { return p.lost }

// inbox is a reply address that ends with its session.
type inbox struct {
	name    string
	replies *replies
	// closed is guarded by replies.mu.
	closed bool
}

// push hands over a reply. It reports false when the address is gone.
func (i *inbox) push(l *letter) bool {
	m := &l.message
	m.Headers = l.headers.headers(0)
	m.Received = time.Now()
	return i.replies.push(m, &i.closed)
}

func (i *inbox) close() {
	i.replies.mu.Lock()
	defer i.replies.mu.Unlock()
	i.closed = true
}

// replies calls OnReply for one message after the other. Whoever brings a reply
// while nobody else is at it makes the calls.
type replies struct {
	onReply func(*transport.Message)

	mu      sync.Mutex
	waiting []*transport.Message
	busy    bool
	// idle, once somebody waits for it, is closed when no call is running.
	idle chan struct{}
}

// push hands over m unless closed says no. It holds no lock during a call.
func (r *replies) push(m *transport.Message, closed *bool) bool {
	r.mu.Lock()
	if closed != nil && *closed {
		r.mu.Unlock()
		return false
	}
	if r.busy {
		r.waiting = append(r.waiting, m)
		r.mu.Unlock()
		return true
	}
	r.busy = true
	r.mu.Unlock()
	for batch := []*transport.Message(nil); ; {
		if m != nil {
			r.onReply(m)
			m = nil
		}
		for _, m := range batch {
			r.onReply(m)
		}
		if batch = r.next(); batch == nil {
			return true
		}
	}
}

// next returns what came meanwhile, or ends the work.
func (r *replies) next() []*transport.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch := r.waiting
	r.waiting = nil
	if batch == nil {
		r.busy = false
		if r.idle != nil {
			close(r.idle)
			r.idle = nil
		}
	}
	return batch
}

// wait waits until no call is running.
func (r *replies) wait(ctx context.Context) {
	r.mu.Lock()
	if !r.busy {
		r.mu.Unlock()
		return
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	idle := r.idle
	r.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// replyAddress is where replies to a request of session s arrive.
func (c *conn) replyAddress(s *session) (string, error) {
	if s.inbox != nil {
		return s.inbox.name, nil
	}
	return c.endpoint.replyQueue, c.consumeReplies()
}

// consumeReplies consumes the named reply queue from the first request on.
func (c *conn) consumeReplies() error {
	defer c.reports.tell()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.isClosed():
		return errClosed
	case c.replyConsumer != nil:
		return nil
	}
	k := newConsumer(c, transport.Subscription{
		Topology: topology.Subscription{Queue: topology.QueueDeclaration{
			Name: c.endpoint.replyQueue, Durable: true,
			Arguments: topology.Arguments{topology.ArgExpires: replyQueueExpiry.Milliseconds()},
		}},
		Prefetch: 250, Workers: 1,
		Handle: func(_ context.Context, m *transport.Message) transport.Verdict {
			c.replies.push(m, nil)
			return transport.Ack
		},
	})
	k.exclusive = true
	if err := k.attach(); err != nil {
		return notSent(err)
	}
	c.replyConsumer = k
	c.consumers = append(c.consumers, k)
	return nil
}
