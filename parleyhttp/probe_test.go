package parleyhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyhttp"
	"github.com/parley-go/parley/transport/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask returns the status code and the body of one probe.
func ask(t *testing.T, h http.Handler) (code int, body parley.Health) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return w.Code, body
}

func TestProbes(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	var during int
	var app *parley.App
	app = parley.New(
		broker, parley.Info("orders", "1.4.0"),
		parley.OnStop(func(context.Context) error {
			during, _ = ask(t, parleyhttp.Readiness(app))
			return nil
		}),
	)
	app.Subscriber("orders.place", func(string) {})
	live, ready := parleyhttp.Liveness(app), parleyhttp.Readiness(app)
	expect := func(liveCode, readyCode int, status parley.Status) parley.Health {
		t.Helper()
		code, body := ask(t, live)
		require.Equal(t, liveCode, code)
		require.Equal(t, parley.Health{Status: status}, body)
		code, body = ask(t, ready)
		require.Equal(t, readyCode, code)
		require.Equal(t, status, body.Status)
		return body
	}
	expect(200, 503, parley.StatusNotStarted)
	require.NoError(t, app.Start(t.Context()))
	h := expect(200, 200, parley.StatusUp)
	require.Equal(t, "orders", h.App)
	require.Equal(t, "orders.place", h.Subscribers[0].Queue)

	broker.Block()
	h = expect(200, 503, parley.StatusDegraded)
	require.Contains(t, h.Connections[0].Error, "blocked")
	broker.Unblock()
	expect(200, 200, parley.StatusUp)

	require.NoError(t, app.Stop(t.Context()))
	require.Equal(t, 503, during, "not ready from the first moment of stopping")
	expect(503, 503, parley.StatusStopped)
}

func TestAFailedStartIsNotAlive(t *testing.T) {
	t.Parallel()
	refused := errors.New("no database")
	app := parley.New(memory.New(), parley.OnStart(func(context.Context) error { return refused }))
	require.ErrorIs(t, app.Start(t.Context()), refused)
	code, _ := ask(t, parleyhttp.Liveness(app))
	require.Equal(t, 503, code)
}

func TestOtherMethods(t *testing.T) {
	t.Parallel()
	h := parleyhttp.Readiness(parley.New(memory.New()))
	for method, want := range map[string]int{http.MethodPost: 405, http.MethodHead: 503} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody))
		require.Equal(t, want, w.Code, method)
	}
}
