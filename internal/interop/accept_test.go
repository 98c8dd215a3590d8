package interop_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// What foreign clients send beside the usual is understood too.
func TestParleyAcceptsForeignRequests(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, kind, body string
		properties       map[string]any
		contentType      string // of the reply
		correlationID    any
	}{
		{"no correlation id", "string", "hi", map[string]any{"content_type": plain, "correlation_id": nil}, plain, nil},
		{"no content type, object", "object", `{"a":1}`, nil, jsonish, "id"},
		{"no content type, model", "model", `{"name":"nail","quantity":1,"note":null}`, nil, jsonish, "id"},
		{"no content type, number", "int", "41", nil, jsonish, "id"},
		{"no content type, text", "string", "41", nil, plain, "id"},
		{"json with charset", "object", `{"a":1}`, map[string]any{"content_type": "application/json; charset=utf-8"}, jsonish, "id"},
		{"text with charset", "unicode", "kůň", map[string]any{"content_type": "text/plain; charset=utf-8"}, plain, "id"},
		{"json in spaces and escapes", "list", `[1, "\u043f"]`, map[string]any{"content_type": jsonish}, jsonish, "id"},
		{"copies asked for", "string", "hi", map[string]any{"content_type": plain, "headers": map[string]any{"CC": []string{"nowhere"}, "BCC": []string{"nowhere"}}}, plain, "id"},
		{"empty headers", "string", "hi", map[string]any{"content_type": plain, "headers": map[string]any{}}, plain, "id"},
		{"content encoding utf-8", "string", "hi", map[string]any{"content_type": plain, "content_encoding": "utf-8"}, plain, "id"},
	}
	eachLibrary(t, func(t *testing.T, l library) {
		url, prefix := rabbittest.URL(t), "accept."+l.name
		app := newApp(rabbitmq.New(url))
		echoes(app, prefix)
		run(t, app)
		var calls []call
		for i, c := range cases {
			properties := map[string]any{"correlation_id": fmt.Sprint("id", i)}
			for name, v := range c.properties {
				properties[name] = v
			}
			calls = append(calls, call{ID: c.name, Queue: prefix + "." + c.kind, Body: []byte(c.body), Properties: properties})
		}
		outcomes, strays := startClient(t, l, url, "exclusive", 1).do(calls...)
		require.Empty(t, strays)
		for i, c := range cases {
			want := c.correlationID
			if want != nil {
				want = fmt.Sprint("id", i)
			}
			o := outcomes[c.name]
			requireReply(t, c.contentType, want, o)
			kind{name: c.kind, contentType: c.contentType, body: c.body}.requireEcho(t, o.Body)
		}
	})
}
