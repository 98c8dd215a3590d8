package asyncapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

const checkOrder = `{"operation":"placeOrder","kind":"check","body":` + goodOrder + `}`

func TestTryNeedsAnAuthoriser(t *testing.T) {
	t.Parallel()
	p := asyncapi.Handler(single(), asyncapi.TryIt(nil))
	require.ErrorContains(t, p.Err(), "wanted a function that authorises")
	require.Equal(t, http.StatusInternalServerError, ask(p, "GET", "/").Code)
	require.Equal(t, http.StatusNotFound, ask(p, "POST", "/try").Code)
}

func TestTryAsksTheAuthoriser(t *testing.T) {
	t.Parallel()
	var asked asyncapi.Use
	answer := errors.New("the secret reason")
	d := newDesk(t, single(), openTo(func(u asyncapi.Use) error { asked = u; return answer }))
	code, out := d.try(checkOrder, "Authorization", "Bearer x")
	require.Equal(t, http.StatusForbidden, code)
	require.Equal(t, "permission_denied", out.Code)
	require.NotContains(t, out.Message, "secret")
	require.Equal(t, "placeOrder", asked.Operation)
	require.Equal(t, asyncapi.UseCheck, asked.Kind)
	require.Equal(t, "Bearer x", asked.Request.Header.Get("Authorization"))

	answer = parley.NewError(parley.CodeUnauthenticated, "who are you")
	code, out = d.try(checkOrder)
	require.Equal(t, http.StatusUnauthorized, code)
	require.Equal(t, "who are you", out.Message)
	require.Contains(t, d.log.text(), "outcome=unauthenticated")
}

func TestTryTakesOnlyWhatThePageSends(t *testing.T) {
	t.Parallel()
	d := newDesk(t, single(), openTo(everybody), asyncapi.TryBody(2000))
	for name, c := range map[string]struct {
		body   string
		header []string
		code   int
	}{
		"another site":     {checkOrder, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a neighbour":      {checkOrder, []string{"Sec-Fetch-Site", "same-site"}, 403},
		"a foreign origin": {checkOrder, []string{"Origin", "https://evil.example"}, 403},
		"a form":           {checkOrder, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"plain text":       {checkOrder, []string{"Content-Type", "text/plain"}, 415},
		"compressed":       {checkOrder, []string{"Content-Encoding", "gzip"}, 415},
		"no JSON":          {"{", nil, 400},
		"an address":       {`{"operation":"placeOrder","kind":"send","exchange":"x"}`, nil, 400},
		"another kind":     {`{"operation":"placeOrder","kind":"purge"}`, nil, 400},
		"no operation":     {`{"operation":"orders.place","kind":"send"}`, nil, 404},
		"too large":        {`{"operation":"` + strings.Repeat("x", 3000) + `"}`, nil, 413},
		"the page":         {checkOrder, []string{"Sec-Fetch-Site", "same-origin"}, 200},
	} {
		code, out := d.try(c.body, c.header...)
		require.Equal(t, c.code, code, name)
		if code != 200 {
			require.NotEmpty(t, out.Code, name)
			require.NotEmpty(t, out.Message, name)
		}
	}
	get, err := http.Get(d.url + "/try")
	require.NoError(t, err)
	defer get.Body.Close()
	require.Equal(t, http.StatusMethodNotAllowed, get.StatusCode)
	require.Equal(t, "POST", get.Header.Get("Allow"))
}

func TestTryOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t, single(), asyncapi.TryItOnLoopback)
	for name, c := range map[string]struct {
		header []string
		code   int
	}{
		"loopback":              {nil, 200},
		"localhost":             {[]string{"Host", "localhost:80"}, 200},
		"a name that resolves":  {[]string{"Host", "evil.example"}, 403},
		"behind a proxy":        {[]string{"X-Forwarded-For", "10.0.0.1"}, 403},
		"behind another proxy":  {[]string{"Forwarded", "for=10.0.0.1"}, 403},
		"a name like localhost": {[]string{"Host", "localhost.evil.example"}, 403},
	} {
		code, _ := d.try(checkOrder, c.header...)
		require.Equal(t, c.code, code, name)
	}
	// Without a listener there is nothing to tell where one is.
	p := asyncapi.Handler(single(), asyncapi.TryItOnLoopback())
	r := httptest.NewRequest(http.MethodPost, "http://localhost/try", strings.NewReader(checkOrder))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
}

func TestTryIsLimited(t *testing.T) {
	t.Parallel()
	d := newDesk(t, single(), openTo(everybody), asyncapi.TryRate(3))
	for range 3 {
		code, _ := d.try(checkOrder)
		require.Equal(t, http.StatusOK, code)
	}
	code, out := d.try(checkOrder)
	require.Equal(t, http.StatusTooManyRequests, code)
	require.Equal(t, "resource_exhausted", out.Code)
}

// A use occupies one of few places, and ends with its HTTP request and with the
// app.
func TestTryEnds(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	app := deskApp(memory.New(), "desk.ends", make(chan *parley.Message, 1), hold)
	begun := make(chan struct{}, 1)
	d := newDesk(t, app, openTo(func(asyncapi.Use) error { begun <- struct{}{}; return nil }), asyncapi.TryAtOnce(1))
	d.start()
	const wait = `{"operation":"receiveDeskEndsHold","kind":"request","body":"x"}`

	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() { defer close(gone); d.do(ctx, wait) }()
	<-begun
	code, _ := d.try(wait)
	require.Equal(t, http.StatusTooManyRequests, code, "one at once")
	cancel()
	<-gone
	require.Eventually(t, func() bool { return strings.Count(d.log.text(), "kind=request") == 1 }, patience, time.Millisecond)

	over := make(chan told, 1)
	go func() { _, out := d.try(wait); over <- out }()
	<-begun
	stop, end := context.WithTimeout(context.Background(), time.Millisecond)
	defer end()
	_ = app.Stop(stop)
	select {
	case out := <-over:
		require.NotNil(t, out.Error)
	case <-time.After(patience):
		t.Fatal("the use outlives the app")
	}
	close(hold)
}

func TestTryTimesOut(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	app := deskApp(memory.New(), "desk.slow", make(chan *parley.Message, 1), hold)
	d := newDesk(t, app, openTo(everybody), asyncapi.TryTimeout(time.Millisecond))
	d.start()
	_, out := d.try(`{"operation":"receiveDeskSlowHold","kind":"request","body":"x"}`)
	close(hold)
	require.Equal(t, "deadline_exceeded", out.Error.Code)
}
