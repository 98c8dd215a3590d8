package parley_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// A result that no message can carry is a failure of the message that it was
// made of, wherever it is found out; the handler does not run again and again.
func TestUnfitForwardIsAFailure(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	everywhere(t, func(w *world) {
		unfit := map[string]parley.Message{
			"id":             {ID: long},
			"correlation id": {CorrelationID: long},
			"type":           {Type: long},
			"encoding":       {ContentEncoding: long},
			"header name":    {Headers: parley.Headers{long: 1}},
			"header value":   {Headers: parley.Headers{"bad": struct{}{}}},
		}
		app := w.app()
		ran, passed := make(chan string, 1000), make(chan string, 10)
		app.Subscriber(w.at("work"), func(name string) parley.Response[string] {
			ran <- name
			return parley.Response[string]{Value: name, Properties: unfit[name]}
		}, parley.PublishTo(w.at("next")))
		app.Subscriber(w.at("next"), func(s string) { passed <- s })
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		for name := range unfit {
			require.NoError(w, work.Publish(w.ctx(), name))
			m := next(w, failed)
			require.Equal(w, name, string(m.Body))
			require.Equal(w, "internal", m.Header(parley.HeaderFailureCode), name)
			require.Equal(w, "publish_unsendable", m.Header(parley.HeaderFailureReason), name)
			require.EqualValues(w, 1, m.Headers[parley.HeaderFailureAttempt], name)
			_, err := work.Request(w.ctx(), name)
			require.Equal(w, parley.CodeInternal, parley.CodeOf(err), "%s: the caller is told: %v", name, err)
		}
		require.Len(w, ran, 2*len(unfit))
		require.NoError(w, work.Publish(w.ctx(), "fit"))
		require.Equal(w, "fit", next(w, passed))
		nothing(w, failed)
	})
}

// So is a result that middleware around sending refuses.
func TestForwardThatMiddlewareRefusesIsAFailure(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Use(parley.SendMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				if m.Address != w.at("next") {
					return next(ctx, m)
				}
				switch string(m.Body) {
				case "its own words":
					return nil, parley.NewError(parley.CodeFailedPrecondition, "not signed")
				case "a foreign context":
					return next(context.Background(), m) //nolint:contextcheck // the mistake at issue
				default:
					return nil, errors.New("no key")
				}
			}
		}))
		ran := make(chan string, 1000)
		app.Subscriber(w.at("work"), func(s string) string { ran <- s; return s }, parley.PublishTo(w.at("next")))
		app.Subscriber(w.at("next"), func(string) {})
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		for body, want := range map[string][2]string{
			"any error":         {"internal", "publish_unsendable"},
			"its own words":     {"failed_precondition", "not signed"},
			"a foreign context": {"internal", "publish_unsendable"},
		} {
			require.NoError(w, work.Publish(w.ctx(), body))
			m := next(w, failed)
			require.Equal(w, body, string(m.Body))
			require.Equal(w, want, [2]string{m.Header(parley.HeaderFailureCode), m.Header(parley.HeaderFailureReason)}, body)
			_, err := work.Request(w.ctx(), body)
			require.Equal(w, want[0], string(parley.CodeOf(err)), body)
		}
		require.Len(w, ran, 6)
	})
}

// What a handler writes into its own message may be more than a message can
// carry: it is moved all the same, with what can be kept.
func TestUnfitMessageIsMoved(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := make(chan string, 1000)
		spoil := func(m *parley.Message) error {
			ran <- string(m.Body)
			m.SetHeader(strings.Repeat("n", 256), "x")
			m.SetHeader("bad", struct{}{})
			m.SetHeader("list", []any{1, map[string]any{"deep": struct{}{}}})
			m.Type = strings.Repeat("t", 256)
			return errors.New("no")
		}
		app.Subscriber(w.at("once"), spoil)
		app.Subscriber(w.at("retried"), spoil, parley.Retry(parley.Delayed(time.Millisecond)))
		w.start(app)
		peer, _ := w.client()
		for _, queue := range []string{"once", "retried"} {
			failed := w.collect(w.at(queue + ".error"))
			w.publish(peer, w.at(queue), &parley.Message{
				ID: "id", Body: []byte(queue),
				Headers: parley.Headers{"x-tenant": "acme", "nested": map[string]any{"list": []any{int64(1), "a"}}},
			})
			m := next(w, failed)
			require.Equal(w, queue, string(m.Body))
			require.Equal(w, "id", m.ID)
			require.Empty(w, m.Type)
			require.Equal(w, "unknown", m.Header(parley.HeaderFailureCode))
			require.Equal(w, "acme", m.Headers["x-tenant"])
			require.Equal(w, map[string]any{"list": []any{int64(1), "a"}}, m.Headers["nested"])
			require.EqualValues(w, 3, m.Headers[parley.HeaderFailureOmitted])
			require.NotContains(w, m.Headers, "list")
		}
		require.Len(w, ran, 2)
	})
}

// An error reply that no message can carry does not bring its message back for
// ever either.
func TestUnfitErrorReply(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := make(chan string, 1000)
		app.Subscriber(w.at("work"), func(m *parley.Message) (string, error) {
			ran <- string(m.Body)
			if string(m.Body) == "long code" {
				return "", parley.NewError(parley.Code(strings.Repeat("c", 200_000)), "no")
			}
			m.CorrelationID = strings.Repeat("x", 256)
			return "answer", nil
		}, parley.KeepFailedRequests())
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		_, err := work.Request(w.ctx(), "long code")
		require.Len(w, parley.CodeOf(err), 255, "the caller is told")
		require.Len(w, next(w, failed).Header(parley.HeaderFailureCode), 255)

		peer, replies := w.client()
		_, err = peer.Request(w.ctx(), &transport.Publication{
			Message: &parley.Message{Body: []byte("nobody can be told"), Headers: parley.Headers{parley.HeaderDeadline: 0}},
			Key:     w.at("work"), Mandatory: true,
		})
		require.NoError(w, err)
		m := next(w, failed)
		require.Equal(w, "nobody can be told", string(m.Body))
		require.Equal(w, "reply_unsendable", m.Header(parley.HeaderFailureReason))
		require.Empty(w, m.CorrelationID)
		nothing(w, replies)
		require.Contains(w, w.log.String(), "caller cannot be told of the failure")
		require.Len(w, ran, 2)
	})
}

// What would be wrong with every result is told when the app starts.
func TestForwardsAreCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	events := parley.To(topology.Topic("events"))
	for name, c := range map[string]struct {
		opts []parley.SendOption
		want []string
	}{
		"no path value":   {[]parley.SendOption{events}, []string{`PublishTo("a.{id}")`, "{id}", `parley.Path("id", value)`}},
		"bad path value":  {[]parley.SendOption{events, parley.Path("id", "a.b")}, []string{`PublishTo("a.{id}")`, "{id}"}},
		"foreign value":   {[]parley.SendOption{events, parley.Path("id", "a"), parley.Path("other", "b")}, []string{`PublishTo("a.{id}")`, `"other"`}},
		"reserved header": {[]parley.SendOption{events, parley.Path("id", "a"), parley.Header("parley-x", 1)}, []string{`PublishTo("a.{id}")`, `"parley-x"`}},
	} {
		err := declared(t, func(app *parley.App) {
			app.Subscriber("work", func(s string) string { return s }, parley.PublishTo("a.{id}", c.opts...))
		})
		for _, part := range c.want {
			require.ErrorContains(t, err, part, name)
		}
	}
}
