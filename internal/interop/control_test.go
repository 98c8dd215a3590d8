package interop_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
)

// The peers understand each other: where this fails, they are wrong and not parley.
func TestPeersUnderstandEachOther(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, serving library) {
		for _, calling := range libraries {
			t.Run(calling.name, func(t *testing.T) {
				calling.need(t)
				prefix := "control." + serving.name + "." + calling.name
				url := rabbittest.URL(t)
				s := startServer(t, serving, url, prefix)
				requireEchoes(t, startClient(t, calling, url, "exclusive", 1), prefix)
				requireEchoes(t, startClient(t, calling, url, "direct", 1), prefix)
				requireOwnAnswers(t, startClient(t, calling, url, "exclusive", 64), prefix+".reverse")
				require.Len(t, s.stop(), 2*len(kinds)+256)
			})
		}
	})
}

// requireEchoes sends every kind of value and wants it back in its wire form.
func requireEchoes(t *testing.T, c client, prefix string) {
	t.Helper()
	var calls []call
	for i, k := range kinds {
		calls = append(calls, call{
			ID: fmt.Sprint(i), Queue: prefix + "." + k.name, Body: []byte(k.body), Properties: k.properties(),
		})
	}
	outcomes, strays := c.do(calls...)
	require.Empty(t, strays)
	for i, k := range kinds {
		o := outcomes[fmt.Sprint(i)]
		require.Equal(t, "reply", o.Outcome, k.name)
		requireContentType(t, k.contentType, o.message)
		k.requireEcho(t, o.Body)
	}
}

// requireOwnAnswers makes 256 calls, 64 at once, to a handler that answers
// only when it has 64 of them.
func requireOwnAnswers(t *testing.T, c client, queue string) {
	t.Helper()
	var calls []call
	for i := range 256 {
		id := fmt.Sprint(i)
		calls = append(calls, call{ID: id, Queue: queue, Body: []byte(id), Properties: map[string]any{"content_type": plain}})
	}
	outcomes, strays := c.do(calls...)
	require.Empty(t, strays)
	for id, o := range outcomes {
		require.Equal(t, "reply", o.Outcome)
		require.Equal(t, id, string(o.Body))
	}
}

// requireContentType wants exactly that content type, none if it is empty.
func requireContentType(t *testing.T, want string, m message) {
	t.Helper()
	if want == untyped {
		require.NotContains(t, m.Properties, "content_type")
		return
	}
	require.Equal(t, want, m.Properties["content_type"])
}
