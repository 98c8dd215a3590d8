package transport_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

func TestMessageHeader(t *testing.T) {
	t.Parallel()
	m := transport.Message{Headers: transport.Headers{"text": "a", "bytes": []byte("b"), "number": int64(7), "nil": nil}}
	for name, want := range map[string]string{"text": "a", "bytes": "b", "number": "", "nil": "", "absent": ""} {
		require.Equal(t, want, m.Header(name), name)
	}
	require.Empty(t, new(transport.Message).Header("x"))
}

func TestMessageSetHeader(t *testing.T) {
	t.Parallel()
	var m transport.Message
	m.SetHeader("a", 1)
	m.SetHeader("a", 2)
	m.SetHeader("b", "x")
	require.Equal(t, transport.Headers{"a": 2, "b": "x"}, m.Headers)
}

func TestMessageClone(t *testing.T) {
	t.Parallel()
	m := &transport.Message{Body: []byte("body"), ID: "1", Headers: transport.Headers{"a": 1}}
	c := m.Clone()
	require.Equal(t, m, c)
	c.SetHeader("a", 2)
	c.ID = "2"
	require.Equal(t, transport.Headers{"a": 1}, m.Headers)
	require.Equal(t, "1", m.ID)
	require.Same(t, &m.Body[0], &c.Body[0])
	require.Nil(t, (&transport.Message{}).Clone().Headers)
	require.Nil(t, transport.Headers(nil).Clone())
}
