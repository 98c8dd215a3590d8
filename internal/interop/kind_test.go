package interop_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	plain   = "text/plain"
	jsonish = "application/json"
	untyped = ""
)

// kind is a kind of value as peers put it on the wire.
type kind struct {
	name        string
	contentType string
	body        string
	echo        string // what comes back where it is not body
}

var kinds = []kind{
	{name: "string", contentType: plain, body: "hi"},
	{name: "empty", contentType: plain, body: ""},
	{name: "unicode", contentType: plain, body: "žluťoučký kůň 🐎"},
	{name: "object", contentType: jsonish, body: `{"a": 1, "s": "\u043f", "n": null}`},
	{name: "list", contentType: jsonish, body: `[1, "two", 3.5, null]`},
	{name: "model", contentType: jsonish, body: `{"name":"nail","quantity":3,"note":"blue"}`},
	{
		name: "model", contentType: jsonish, body: `{"name":"nail","quantity":3}`,
		echo: `{"name":"nail","quantity":3,"note":null}`,
	},
	{name: "int", contentType: jsonish, body: `41`},
	{name: "float", contentType: jsonish, body: `1.5`},
	{name: "bool", contentType: jsonish, body: `true`},
	{name: "bytes", contentType: untyped, body: "\x00\xff\x80parley"},
	{name: "nil", contentType: untyped, body: ""},
	{name: "time", contentType: jsonish, body: `"2024-01-02T03:04:05.678+00:00"`},
	{name: "uuid", contentType: jsonish, body: `"0f8fad5b-d9cb-469f-a165-70867728950e"`},
	{name: "decimal", contentType: jsonish, body: `"1.10"`},
}

// properties are those of a message with a value of this kind.
func (k kind) properties() map[string]any {
	if k.contentType == untyped {
		return map[string]any{}
	}
	return map[string]any{"content_type": k.contentType}
}

// requireEcho checks body as a value: peers differ in spacing and escapes, and
// in how they write an instant.
func (k kind) requireEcho(tb testing.TB, body []byte) {
	tb.Helper()
	want := k.body
	if k.echo != "" {
		want = k.echo
	}
	switch {
	case k.name == "time":
		require.WithinDuration(tb, instant(tb, want), instant(tb, string(body)), 0)
	case k.contentType == jsonish:
		require.JSONEq(tb, want, string(body))
	default:
		require.Equal(tb, want, string(body))
	}
}

func instant(tb testing.TB, text string) (at time.Time) {
	tb.Helper()
	require.NoError(tb, json.Unmarshal([]byte(text), &at), text)
	return at
}
