package interop_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

var replyModes = []string{"exclusive", "direct"}

func TestForeignClientsCallParley(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, prefix := rabbittest.URL(t), "serve."+l.name
		app := newApp(rabbitmq.New(url))
		echoes(app, prefix)
		app.Subscriber(prefix+".reverse", gather(64), parley.Concurrency(64))
		run(t, app)
		for _, replies := range replyModes {
			t.Run(replies, func(t *testing.T) {
				requireReplies(t, startClient(t, l, url, replies, 1), prefix)
				requireOwnAnswers(t, startClient(t, l, url, replies, 64), prefix+".reverse")
			})
		}
		require.Zero(t, app.Stats().Failed)
	})
}

// requireReplies asks for every kind of value, with a header of the caller's
// that must not come back.
func requireReplies(t *testing.T, c client, prefix string) {
	t.Helper()
	var calls []call
	for i, k := range kinds {
		p := k.properties()
		p["correlation_id"], p["message_id"] = fmt.Sprint("c", i), fmt.Sprint("m", i)
		p["headers"] = map[string]any{"x-tenant": "acme"}
		calls = append(calls, call{ID: fmt.Sprint(i), Queue: prefix + "." + k.name, Body: []byte(k.body), Properties: p})
	}
	outcomes, strays := c.do(calls...)
	require.Empty(t, strays)
	for i, k := range kinds {
		o := outcomes[fmt.Sprint(i)]
		requireReply(t, k.contentType, fmt.Sprint("c", i), o)
		require.NotEqual(t, fmt.Sprint("m", i), o.Properties["message_id"], "a reply is a message of its own")
		require.InDelta(t, 1, o.Properties["delivery_mode"], 0, "somebody waits for it")
		k.requireEcho(t, o.Body)
	}
}
