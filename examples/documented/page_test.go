package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport/memory"
)

// The page shows the service, and sends through it.
func TestPage(t *testing.T) {
	t.Parallel()
	app := NewApp(memory.New())
	require.NoError(t, app.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, app.Stop(context.Background())) })
	server := httptest.NewServer(Pages(app, "amqps://library:secret@rabbitmq.example.com/"))
	t.Cleanup(server.Close)
	read := func(answer *http.Response, err error) string {
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return string(text)
	}
	page := read(http.Get(server.URL + "/docs/"))
	require.Contains(t, page, "Borrow lends a book.")
	require.NotContains(t, page, "secret")
	require.Contains(t, read(http.Get(server.URL+"/docs/asyncapi.yaml")), "asyncapi:")
	reply := read(http.Post(server.URL+"/docs/try", "application/json", strings.NewReader(
		`{"operation":"borrow","kind":"request","body":{"isbn":"9780134190440","reader":"ada@example.com","days":14}}`)))
	require.Contains(t, reply, `"due":"day 14"`)
}
