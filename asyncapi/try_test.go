package asyncapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

const patience = 30 * time.Second

type Paid struct {
	Tenant string  `path:"tenant"`
	Trace  string  `header:"x-trace"`
	Body   Payment `body:""`
}

// deskApp answers, fails, waits and listens.
func deskApp(tr transport.Transport, name string, seen chan<- *parley.Message, hold <-chan struct{}) *parley.App {
	app := parley.New(tr, parley.Info(name, "1"), parley.Logger(slog.New(slog.DiscardHandler)))
	app.Subscriber(name+".place", counter{}.PlaceOrder)
	app.Subscriber(name+".hold", func(ctx context.Context, _ string) (string, error) {
		select {
		case <-hold:
		case <-ctx.Done():
		}
		return "late", ctx.Err()
	})
	app.Subscriber("{tenant}.seen", func(_ context.Context, m *parley.Message) { seen <- m }, parley.From(topology.Topic(name+".events")))
	app.Subscriber(name+".fails", func(string) error { return errors.New("password hunter2 of amqp://guest@broker") })
	app.Publisher("{tenant}.seen", parley.To(topology.Topic(name+".events")), parley.Payload[Payment]())
	app.Publisher(name+".nowhere", parley.Payload[Payment]())
	return app
}

type log struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *log) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.String()
}

// desk is a running page of a running app.
type desk struct {
	t    *testing.T
	app  *parley.App
	page http.Handler
	url  string
	log  *log
}

func newDesk(t *testing.T, app *parley.App, opt func(...asyncapi.TryOption) asyncapi.PageOption, more ...asyncapi.TryOption) *desk {
	t.Helper()
	d := &desk{t: t, app: app, log: &log{}}
	page := asyncapi.Handler(app, opt(append(more, asyncapi.TryLogger(slog.New(slog.NewTextHandler(d.log, nil))))...))
	require.NoError(t, page.Err())
	d.page = page
	server := httptest.NewServer(page)
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

func openTo(authorize func(asyncapi.Use) error) func(...asyncapi.TryOption) asyncapi.PageOption {
	return func(opts ...asyncapi.TryOption) asyncapi.PageOption { return asyncapi.TryIt(authorize, opts...) }
}

func everybody(asyncapi.Use) error { return nil }

func (d *desk) start() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(d.t, d.app.Start(ctx))
	d.t.Cleanup(func() { _ = d.app.Stop(context.Background()) })
}

type told struct {
	Kind    string   `json:"kind"`
	Took    *float64 `json:"took_ms"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Fields  []struct {
		At   string `json:"at"`
		Text string `json:"text"`
	} `json:"fields"`
	Error *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Reply *struct {
		Matches    string            `json:"matches"`
		JSON       json.RawMessage   `json:"json"`
		Properties map[string]string `json:"properties"`
	} `json:"reply"`
}

func (d *desk) try(body string, header ...string) (int, told) {
	d.t.Helper()
	return d.do(context.Background(), body, header...)
}

func (d *desk) do(ctx context.Context, body string, header ...string) (int, told) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/try", strings.NewReader(body))
	require.NoError(d.t, err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, told{}
	}
	defer answer.Body.Close()
	require.Equal(d.t, "no-store", answer.Header.Get("Cache-Control"))
	var out told
	require.NoError(d.t, json.NewDecoder(answer.Body).Decode(&out))
	return answer.StatusCode, out
}

const goodOrder = `{"id":"5b1c6b2e-5d0f-4a43-9d3f-6f9f0e6a8f11","items":[{"sku":"A1","qty":2}],"currency":"EUR"}`

func everywhere(t *testing.T, f func(t *testing.T, tr transport.Transport, name string)) {
	t.Run("memory", func(t *testing.T) { t.Parallel(); f(t, memory.New(), "desk.memory") })
	t.Run("rabbitmq", func(t *testing.T) { t.Parallel(); f(t, rabbitmq.New(rabbittest.URL(t)), "desk.rabbitmq") })
}

func TestTrySends(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, tr transport.Transport, name string) {
		seen := make(chan *parley.Message, 8)
		d := newDesk(t, deskApp(tr, name, seen, nil), openTo(everybody))
		order := `{"operation":"placeOrder","kind":"request","body":` + goodOrder + `}`

		_, out := d.try(order)
		require.Equal(t, "unavailable", out.Error.Code, "the app is not started")
		d.start()

		code, out := d.try(order)
		require.Equal(t, http.StatusOK, code)
		require.Nil(t, out.Error)
		require.Equal(t, "Receipt", out.Reply.Matches)
		require.JSONEq(t, `{"order_id":"5b1c6b2e-5d0f-4a43-9d3f-6f9f0e6a8f11","total":1990}`, string(out.Reply.JSON))
		require.NotEmpty(t, out.Reply.Properties["correlation-id"])
		require.NotNil(t, out.Took)

		_, out = d.try(strings.Replace(order, `"A1"`, `"gone"`, 1))
		require.Equal(t, "failed_precondition", out.Error.Code)
		require.Equal(t, "out of stock", out.Error.Message)

		_, out = d.try(`{"operation":"receive` + camelOf(name) + `Fails","kind":"request","body":"x"}`)
		require.Equal(t, "unknown", out.Error.Code)
		require.NotContains(t, out.Error.Message, "hunter2")

		for _, op := range []string{"receiveTenantSeen", "sendTenantSeen"} {
			_, out = d.try(`{"operation":"` + op + `","kind":"send","parameters":{"tenant":"acme"},"body":{"order_id":1,"amount":2}}`)
			require.Equal(t, "send", out.Kind, op)
			require.Nil(t, out.Error, op)
			select {
			case m := <-seen:
				require.Equal(t, "acme.seen", m.Address)
				require.Equal(t, asyncapi.Origin, m.Headers[asyncapi.HeaderOrigin])
				require.Equal(t, name+" docs page", m.AppID)
			case <-time.After(patience):
				t.Fatal("the message did not arrive")
			}
		}
		_, out = d.try(`{"operation":"send` + camelOf(name) + `Nowhere","kind":"send","body":{"order_id":1,"amount":2}}`)
		require.Equal(t, "unavailable", out.Error.Code)
		require.Contains(t, out.Error.Message, "no queue")

		said := d.log.text()
		require.Contains(t, said, "operation=placeOrder kind=request outcome=ok")
		require.Contains(t, said, "outcome=failed_precondition")
		require.NotContains(t, said, "5b1c6b2e", "bodies are not logged")
	})
}

func camelOf(name string) string {
	return "Desk" + strings.ToUpper(name[5:6]) + name[6:]
}

func TestTryFindsFaultsBeforeSending(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Info("shop", "1"))
	app.Subscriber("orders.place", counter{}.PlaceOrder)
	app.Subscriber("{tenant}.paid", func(Paid) {}, parley.From(topology.Topic("shop")), parley.Describe("Paid", ""))
	app.Subscriber("same", func(Same) {})
	d := newDesk(t, app, openTo(everybody))
	for name, c := range map[string]struct{ in, at, text string }{
		"bound":     {`{"operation":"placeOrder","kind":"request","body":` + strings.Replace(goodOrder, `2}`, `200}`, 1) + `}`, "/body/items/0/qty", "100 or less"},
		"missing":   {`{"operation":"placeOrder","kind":"check","body":{"items":[{"sku":"a","qty":1}],"currency":"EUR"}}`, "/body/id", "required"},
		"choice":    {`{"operation":"placeOrder","kind":"check","body":` + strings.Replace(goodOrder, `EUR`, `XXX`, 1) + `}`, "/body/currency", "EUR, USD"},
		"kind":      {`{"operation":"placeOrder","kind":"check","body":` + strings.Replace(goodOrder, `"A1"`, `1`, 1) + `}`, "/body/items/0/sku", "string"},
		"no body":   {`{"operation":"placeOrder","kind":"check"}`, "/body", "object"},
		"parameter": {`{"operation":"receiveTenantPaid","kind":"check","parameters":{"tenant":"a.b"},"headers":{"x-trace":"t"},"body":{"order_id":1,"amount":1}}`, "/parameters/tenant", "one word"},
		"wildcard":  {`{"operation":"receiveTenantPaid","kind":"check","parameters":{"tenant":"#"},"headers":{"x-trace":"t"},"body":{"order_id":1,"amount":1}}`, "/parameters/tenant", "one word"},
		"unknown":   {`{"operation":"receiveTenantPaid","kind":"check","parameters":{"tenant":"a","exchange":"x"},"headers":{"x-trace":"t"},"body":{"order_id":1,"amount":1}}`, "/parameters/exchange", "no parameter"},
		"header":    {`{"operation":"receiveTenantPaid","kind":"check","parameters":{"tenant":"a"},"body":{"order_id":1,"amount":1}}`, "/headers/x-trace", "required"},
		"reply to":  {`{"operation":"receiveTenantPaid","kind":"check","parameters":{"tenant":"a"},"headers":{"x-trace":"t","CC":["x"]},"body":{"order_id":1,"amount":1}}`, "/headers/CC", "no header"},
		"reserved":  {`{"operation":"receiveTenantPaid","kind":"check","parameters":{"tenant":"a"},"headers":{"x-trace":"t","parley-deadline":1},"body":{"order_id":1,"amount":1}}`, "/headers/parley-deadline", "no header"},
		"service":   {`{"operation":"receiveSame","kind":"check","body":{"a":"x","b":"y"}}`, "/body/b", "eqfield"},
	} {
		code, out := d.try(c.in)
		require.Equal(t, http.StatusUnprocessableEntity, code, name)
		require.Equal(t, "invalid_argument", out.Code)
		require.Len(t, out.Fields, 1, name)
		require.Equal(t, c.at, out.Fields[0].At, name)
		require.Contains(t, out.Fields[0].Text, c.text, name)
	}
	code, out := d.try(`{"operation":"placeOrder","kind":"check","body":` + goodOrder + `}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "check", out.Kind)
}

type Same struct {
	A string `json:"a"`
	B string `json:"b" validate:"eqfield=A"`
}
