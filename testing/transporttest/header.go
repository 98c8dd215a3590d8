package transporttest

import (
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// headersAreBounded sends the largest headers, and then those one step larger.
func headersAreBounded(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	got := c.collect(s)
	for name, h := range map[string]func(over int) transport.Headers{
		"elements": func(over int) transport.Headers { return transport.Headers{"list": make([]any, 8192+over)} },
		"texts": func(over int) transport.Headers {
			return transport.Headers{"list": make([]string, 8192+over)}
		},
		"names": func(over int) transport.Headers { return headersOf(8192 + over) },
		"table": func(over int) transport.Headers {
			return transport.Headers{"t": map[string]any(headersOf(8192 + over))}
		},
		"levels": func(over int) transport.Headers { return transport.Headers{"deep": nestedLists(32 + over)} },
		"tables": func(over int) transport.Headers {
			return transport.Headers{"deep": map[string]any{"t": nestedLists(31 + over)}}
		},
		"bytes": func(over int) transport.Headers { return transport.Headers{"b": strings.Repeat("x", 122_873+over)} },
		"name":  func(over int) transport.Headers { return transport.Headers{strings.Repeat("n", 255+over): true} },
	} {
		m := text(name)
		m.Headers = h(0)
		confirmation, err := c.Publish(e.ctx, &transport.Publication{Message: m, Key: s.Queue.Name, Mandatory: true})
		require.NoError(e.t, err, name)
		require.NoError(e.t, transport.Wait(e.ctx, confirmation))
		arrived := got.next()
		require.Equal(e.t, name, string(arrived.Body))
		require.NotContains(e.t, arrived.Headers, transport.HeaderRemoved)
		require.Len(e.t, arrived.Headers, len(m.Headers))

		m.Headers = h(1)
		_, err = c.Publish(e.ctx, &transport.Publication{Message: m, Key: s.Queue.Name, Mandatory: true})
		require.ErrorIs(e.t, err, transport.ErrNotSent, name)
		require.ErrorContains(e.t, err, "wanted")
		var permanent *transport.PermanentError
		require.ErrorAs(e.t, err, &permanent, name)
	}
}

func headersOf(n int) transport.Headers {
	h := transport.Headers{}
	for i := range n {
		h[strconv.FormatInt(int64(i), 36)] = nil
	}
	return h
}

// nestedLists are so many lists inside one another, the last one empty.
func nestedLists(n int) any {
	v := []any{}
	for range n - 1 {
		v = []any{v}
	}
	return v
}
