package parleytest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	for pattern, keys := range map[string]map[string]bool{
		"a.b":   {"a.b": true, "a": false, "a.b.c": false, "": false},
		"a.*":   {"a.b": true, "a": false, "a.b.c": false},
		"#":     {"": true, "a": true, "a.b": true},
		"a.#":   {"a": true, "a.b.c": true, "b.a": false},
		"#.c":   {"c": true, "a.b.c": true, "c.d": false},
		"a.#.c": {"a.c": true, "a.b.b.c": true, "a.b": false},
	} {
		for key, want := range keys {
			require.Equal(t, want, matches(strings.Split(pattern, "."), strings.Split(key, ".")), "%s %s", pattern, key)
		}
	}
}

func TestHeadersMatch(t *testing.T) {
	t.Parallel()
	h := parley.Headers{"a": int64(1), "b": "x", "x-c": true}
	require.True(t, headersMatch(topology.Arguments{"x-match": "all", "a": 1, "b": "x", "x-c": false}, h))
	require.False(t, headersMatch(topology.Arguments{"x-match": "all", "a": 1, "b": "y"}, h))
	require.True(t, headersMatch(topology.Arguments{"x-match": "any", "a": 1, "b": "y"}, h))
	require.False(t, headersMatch(topology.Arguments{"x-match": "any", "a": 2}, h))
	require.False(t, headersMatch(topology.Arguments{"x-match": "all-with-x", "a": 1, "x-c": false}, h))
}
