package interop_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// call is a request that a client peer is told to make; see peers/README.md.
type call struct {
	ID         string         `json:"id"`
	Queue      string         `json:"queue"`
	Body       []byte         `json:"body"`
	Properties map[string]any `json:"properties,omitempty"`
	ReplyQueue string         `json:"reply_queue,omitempty"`
	Mandatory  bool           `json:"mandatory,omitempty"`
	TimeoutMS  int            `json:"timeout_ms,omitempty"`
	Wait       *bool          `json:"wait,omitempty"`
}

// message is what a peer saw on the wire: only properties that were present.
type message struct {
	Properties map[string]any `json:"properties"`
	Body       []byte         `json:"body"`
}

// outcome is a line of a client peer.
type outcome struct {
	message
	ID      string   `json:"id"`
	Outcome string   `json:"outcome"`
	Stray   *message `json:"stray"`
}

// request is a line of a server peer.
type request struct {
	message
	Ready bool   `json:"ready"`
	Kind  string `json:"kind"`
	Error string `json:"error"`
}

type client struct{ *process }

// startClient starts a client whose replies go to a queue of the kind replies.
func startClient(tb testing.TB, l library, url, replies string, inFlight int) client {
	tb.Helper()
	command := l.command(tb, "client", "--replies", replies, "--in-flight", strconv.Itoa(inFlight))
	return client{start(tb, url, command)}
}

// next returns the next outcome of the client.
func (c client) next() outcome {
	c.tb.Helper()
	var o outcome
	require.True(c.tb, c.read(&o), "the client ended early")
	return o
}

// do makes the calls and returns their outcomes by id, and the stray replies.
func (c client) do(calls ...call) (map[string]outcome, []message) {
	c.tb.Helper()
	for _, call := range calls {
		c.write(call)
	}
	require.NoError(c.tb, c.input.Close())
	outcomes, strays := make(map[string]outcome, len(calls)), []message(nil)
	for o := (outcome{}); c.read(&o); o = (outcome{}) {
		if o.Stray != nil {
			strays = append(strays, *o.Stray)
			continue
		}
		require.NotContains(c.tb, outcomes, o.ID, "one outcome per call")
		outcomes[o.ID] = o
	}
	require.Len(c.tb, outcomes, len(calls), "the client ended early")
	return outcomes, strays
}

type server struct{ *process }

// startServer starts a server and returns when it consumes.
func startServer(tb testing.TB, l library, url, prefix string, flags ...string) server {
	tb.Helper()
	command := l.command(tb, "server", append([]string{"--prefix", prefix}, flags...)...)
	s := server{start(tb, url, command)}
	var first request
	require.True(tb, s.read(&first) && first.Ready, "the server ended early")
	return s
}

// stop ends the server and returns the requests that it has received.
func (s server) stop() []request {
	s.tb.Helper()
	require.NoError(s.tb, s.input.Close())
	var all []request
	for r := (request{}); s.read(&r); r = (request{}) {
		all = append(all, r)
	}
	return all
}
