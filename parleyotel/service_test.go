package parleyotel_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// seldom is the longest interval of signs of life, in milliseconds.
const seldom = 60_000

// peer is somebody below parley who says what a test wants to be said.
type peer struct {
	*world
	conn  transport.Conn
	inbox string
	// heard is what comes to the inbox, requests what comes to the queue.
	heard, requests chan *parley.Message
}

// peer connects, and takes requests from the queue "raw".
func (w *world) peer() *peer {
	w.Helper()
	p := &peer{world: w, heard: make(chan *parley.Message, 1000), requests: make(chan *parley.Message, 1)}
	p.conn, p.inbox = w.link(func(m *parley.Message) { p.heard <- m })
	w.Cleanup(func() { w.unlink(p.conn) })
	address, err := topology.ParseTemplate(w.at("raw"))
	require.NoError(w, err)
	queue, err := topology.Resolve("", address)
	require.NoError(w, err)
	_, err = p.conn.Subscribe(w.ctx(), transport.Subscription{
		Topology: queue, Prefetch: 10, Workers: 1,
		Handle: func(_ context.Context, m *parley.Message) transport.Verdict {
			p.requests <- m
			return transport.Ack
		},
	})
	require.NoError(w, err)
	return p
}

// link is a connection with an inbox.
func (w *world) link(heard func(*parley.Message)) (transport.Conn, string) {
	w.Helper()
	conn, err := w.transport.Connect(w.ctx(), transport.Settings{Logger: slog.New(slog.DiscardHandler), OnReply: heard})
	require.NoError(w, err)
	inbox, err := conn.(transport.Inboxes).Inbox(w.ctx())
	require.NoError(w, err)
	return conn, inbox.Address
}

func (w *world) unlink(conn transport.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(w, conn.Close(ctx))
}

// tell sends a frame with a number and further headers. A misfit is an item that
// is no number.
func (p *peer) tell(to, id, kind string, seq int, pairs ...any) {
	p.Helper()
	m := &parley.Message{CorrelationID: id, Headers: parley.Headers{parley.HeaderStreamFrame: kind, parley.HeaderStreamSeq: seq}}
	for i := 0; i < len(pairs); i += 2 {
		m.Headers[pairs[i].(string)] = pairs[i+1]
	}
	switch kind {
	case "item":
		m.Body, m.ContentType = []byte("1"), "application/json"
	case "misfit":
		m.Headers[parley.HeaderStreamFrame], m.Body, m.ContentType = "item", []byte(`"text"`), "application/json"
	case "error":
		m.Body, m.ContentType = fmt.Appendf(nil, `{"code":%q,"message":"secret text"}`, m.Header(parley.HeaderError)), "application/json"
	case "open", "request":
		m.ReplyTo = p.inbox
	}
	c, err := p.conn.Publish(p.ctx(), &transport.Publication{Message: m, Key: to, Mandatory: true, Reply: true})
	require.NoError(p, err)
	require.NoError(p, transport.Wait(p.ctx(), c))
}

// answers lets a service say frames to who asked. It says that it gives signs of
// life seldom, so that its silence is not what a test sees.
func (p *peer) answers(say func(tell func(kind string, seq int, pairs ...any))) {
	p.Helper()
	m := next(p.world, p.requests)
	say(func(kind string, seq int, pairs ...any) {
		p.tell(m.ReplyTo, m.CorrelationID, kind, seq, append([]any{parley.HeaderStreamRun, "a", parley.HeaderStreamBeat, seldom}, pairs...)...)
	})
}
