package memory

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMatchTopic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, key string
		want         bool
	}{
		{"a.b", "a.b", true},
		{"a.b", "a.bc", false},
		{"*", "a", true},
		{"*", "", false},
		{"*.*", ".", true},
		{"#", "", true},
		{"#.#", "", true},
		{"", "", true},
		{"", "a", false},
		{"a.#", "a", true},
		{"#.a", "a", true},
		{"a.#.b", "a.b", true},
		{"a.#.b", "a.b.c.b", true},
		{"a.#.b", "a.b.c", false},
		{"#.*", "a", true},
		{"*.#", "", false},
		{"#.a.#.b.#", "x.a.y.b", true},
		{"#.a.#.b.#", "x.b.y.a", false},
		{"a*", "ab", false},
		{"a.#b", "a.xb", false},
	} {
		require.Equal(t, c.want, matchTopic(c.pattern, c.key), "pattern %q, key %q", c.pattern, c.key)
		require.Equal(t, c.want, slowMatch(c.pattern, c.key), "the slow matcher: pattern %q, key %q", c.pattern, c.key)
	}
}

// slowMatch is the definition: word by word, trying everything.
func slowMatch(pattern, key string) bool { return matchWords(words(pattern), words(key)) }

func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ".")
}

func matchWords(pattern, key []string) bool {
	switch {
	case len(pattern) == 0:
		return len(key) == 0
	case pattern[0] == "#":
		return matchWords(pattern[1:], key) || len(key) > 0 && matchWords(pattern, key[1:])
	case len(key) == 0:
		return false
	}
	return (pattern[0] == "*" || pattern[0] == key[0]) && matchWords(pattern[1:], key[1:])
}

func TestMatchTopicAgainstDefinition(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	matched := 0
	for range 50_000 {
		pattern, key := someKey(random, "a", "b", "", "*", "#", "#"), someKey(random, "a", "b", "")
		want := slowMatch(pattern, key)
		require.Equal(t, want, matchTopic(pattern, key), "pattern %q, key %q", pattern, key)
		if want {
			matched++
		}
	}
	require.Greater(t, matched, 1000, "too few of the keys match to say anything")
}

func someKey(random *rand.Rand, choice ...string) string {
	parts := make([]string, random.IntN(7))
	for i := range parts {
		parts[i] = choice[random.IntN(len(choice))]
	}
	return strings.Join(parts, ".")
}

func FuzzMatchTopic(f *testing.F) {
	f.Add("orders.*.placed", "orders.eu.placed")
	f.Add("#.a.*.#", "a.b")
	f.Add("#", "")
	f.Add("*..#", "..")
	f.Fuzz(func(t *testing.T, pattern, key string) {
		const enough = 12
		if strings.Count(pattern, ".") > enough || strings.Count(key, ".") > enough {
			t.Skip("the slow matcher takes exponential time")
		}
		if got, want := matchTopic(pattern, key), slowMatch(pattern, key); got != want {
			t.Fatalf("pattern %q, key %q: wanted %t, got %t", pattern, key, want, got)
		}
	})
}

func TestMatchHeaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args map[string]any
		got  fields
		want bool
	}{
		"all by default":           {map[string]any{"a": int64(1)}, fields{{"a", int64(1)}}, true},
		"all, one missing":         {map[string]any{"x-match": "all", "a": "1", "b": "2"}, fields{{"a", "1"}}, false},
		"all of nothing":           {map[string]any{"x-match": "all"}, nil, true},
		"any of nothing":           {map[string]any{"x-match": "any"}, fields{{"a", "1"}}, false},
		"any, one there":           {map[string]any{"x-match": "any", "a": "1", "b": "2"}, fields{{"b", "2"}}, true},
		"nil asks for presence":    {map[string]any{"a": nil}, fields{{"a", "whatever"}}, true},
		"nil asks for presence, -": {map[string]any{"a": nil}, fields{{"b", "whatever"}}, false},
		"x- is not looked at":      {map[string]any{"x-match": "all", "x-a": "1"}, nil, true},
		"x- is looked at":          {map[string]any{"x-match": "all-with-x", "x-a": "1"}, nil, false},
		"any with x-":              {map[string]any{"x-match": "any-with-x", "x-a": "1"}, fields{{"x-a", "1"}}, true},
		"other type":               {map[string]any{"a": "1"}, fields{{"a", int64(1)}}, false},
	} {
		require.Equal(t, c.want, compileHeaderMatch(c.args).matches(c.got), name)
	}
}
