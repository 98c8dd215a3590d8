package topology_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport/topology"
)

// template reads an address that is known to be right.
func template(tb testing.TB, address string) topology.Template {
	tb.Helper()
	parsed, err := topology.ParseTemplate(address)
	require.NoError(tb, err)
	return parsed
}

func TestParseTemplate(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][]string{
		"":                {},
		"orders":          {},
		"orders.*.#":      {},
		"{a}":             {"a"},
		"{a...}":          {"a"},
		"x.{a}.{b}.y":     {"a", "b"},
		"x.{a}.{rest...}": {"a", "rest"},
		"{a}..{b}":        {"a", "b"},
	} {
		parsed := template(t, address)
		require.Equal(t, address, parsed.String())
		require.Equal(t, want, parsed.Parameters(), address)
		require.Equal(t, len(want) > 0, parsed.Parametric(), address)
	}
}

func TestParseTemplateRefuses(t *testing.T) {
	t.Parallel()
	for address, hint := range map[string]string{
		"{":             "whole word",
		"}":             "whole word",
		"{}":            "needs a name",
		"{...}":         "needs a name",
		"x{a}":          "whole word",
		"{a}x":          "whole word",
		"{a}{b}":        "needs a name",
		"{a b}":         "needs a name",
		"{a*}":          "needs a name",
		"{a.b}":         "whole word",
		"{a}.{a}":       "twice",
		"{a}.x.{a...}":  "twice",
		"{a...}.x":      "",
		"{a...}.{b...}": "",
		"x.{a....}":     "",
	} {
		_, err := topology.ParseTemplate(address)
		fault, ok := errors.AsType[*topology.Error](err)
		require.True(t, ok, "%q: %v", address, err)
		require.Contains(t, fault.Hint, hint, address)
		require.NotEmpty(t, fault.Wanted, address)
	}
}

func TestTemplateBindingKey(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                "",
		"orders.place":    "orders.place",
		"{a}":             "*",
		"{a...}":          "#",
		"x.{a}.{rest...}": "x.*.#",
	} {
		require.Equal(t, want, template(t, address).BindingKey("*", "#"), address)
	}
}

func TestTemplateFill(t *testing.T) {
	t.Parallel()
	type values = map[string]string
	for _, c := range []struct {
		address string
		values  values
		want    string // a fault when empty
	}{
		{"orders", nil, "orders"},
		{"orders", values{}, "orders"},
		{"orders", values{"a": "x"}, ""},
		{"{a}.{b}", values{"a": "x", "b": "y"}, "x.y"},
		{"{a}.{b}", values{"a": "x"}, ""},
		{"{a}.{b}", values{"b": "x"}, ""},
		{"{a}", values{"a": ""}, ""},
		{"{a}", values{"a": "x.y"}, ""},
		{"{a}", values{"a": "*"}, ""},
		{"{a}", values{"a": "x#"}, ""},
		{"{a}", values{"a": "x", "b": "y"}, ""},
		{"{a}", values{"a": "{b}"}, "{b}"},
		{"l.{a...}", values{"a": "x.y.z"}, "l.x.y.z"},
		{"l.{a...}", values{"a": "x.*"}, ""},
		{"l.{a...}", values{"a": ""}, ""},
	} {
		got, err := template(t, c.address).Fill(c.values)
		if c.want == "" {
			_, ok := errors.AsType[*topology.Error](err)
			require.True(t, ok, "%q %v: %v", c.address, c.values, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
}

func TestTemplateMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address, key string
		want         []string
		fits         bool
	}{
		{"", "", nil, true},
		{"orders", "orders", nil, true},
		{"orders", "order", nil, false},
		{"{a}", "x", []string{"x"}, true},
		{"{a}", "x.y", nil, false},
		{"{a}", "", nil, false},
		{"o.{a}.p", "o.x.p", []string{"x"}, true},
		{"o.{a}.p", "o.x.q", nil, false},
		{"o.{a}.p", "o.x", nil, false},
		{"o.{a}.p", "o.x.p.q", nil, false},
		{"o.{a}.p", "o..p", []string{""}, true},
		{"l.{a...}", "l", []string{""}, true},
		{"l.{a...}", "l.x", []string{"x"}, true},
		{"l.{a...}", "l.x.y", []string{"x.y"}, true},
		{"l.{a...}", "m.x", nil, false},
		{"{a...}", "", []string{""}, true},
		{"{a...}", "x.y", []string{"x.y"}, true},
	} {
		got, fits := template(t, c.address).Match(c.key)
		require.Equal(t, c.fits, fits, "%q %q", c.address, c.key)
		require.Equal(t, c.want, got, "%q %q", c.address, c.key)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{{"a", "b", "a.b"}, {"", "b", "b"}, {"a", "", "a"}, {"", "", ""}, {"a.b", "{c}", "a.b.{c}"}} {
		require.Equal(t, c[2], topology.Join(c[0], c[1]))
	}
}

func TestIsErrorQueue(t *testing.T) {
	t.Parallel()
	require.True(t, topology.IsErrorQueue("orders.error"))
	require.False(t, topology.IsErrorQueue("orders.errors"))
	require.False(t, topology.IsErrorQueue("error"))
}

// What Fill makes, Match reads back, and the binding key takes.
func FuzzTemplate(f *testing.F) {
	for _, address := range []string{"", "orders", "{a}", "{a...}", "x.{a}.{b}", "x.{a}.{rest...}", "{a}..", "{", "x.{a}y", "...}"} {
		f.Add(address, "acme", "x.y")
		f.Add(address, "", "*")
	}
	f.Fuzz(func(t *testing.T, address, one, many string) {
		parsed, err := topology.ParseTemplate(address)
		if err != nil {
			_, ok := errors.AsType[*topology.Error](err)
			require.True(t, ok, "%v", err)
			return
		}
		require.Equal(t, address, parsed.String())
		parsed.Match(one + "." + many)
		values, want := map[string]string{}, []string(nil)
		for i, name := range parsed.Parameters() {
			v := one
			if i == len(parsed.Parameters())-1 && strings.HasSuffix(address, "...}") {
				v = many
			}
			values[name], want = v, append(want, v)
		}
		key, err := parsed.Fill(values)
		if err != nil {
			_, ok := errors.AsType[*topology.Error](err)
			require.True(t, ok, "%v", err)
			return
		}
		got, fits := parsed.Match(key)
		require.True(t, fits, "%q does not fit %q", key, address)
		require.Equal(t, want, got)
		require.LessOrEqual(t, strings.Count(parsed.BindingKey("*", "#"), "."), strings.Count(key, "."))
	})
}
