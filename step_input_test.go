package parley_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

type order struct {
	ID    string `json:"id"    validate:"required,max=8"`
	Items []item `json:"items" validate:"required,min=1,dive"`
}

type item struct {
	Qty int `json:"qty" validate:"gt=0"`
}

// Step 1: what does not fit is refused before the handler runs. A waiting
// parley caller is told, everything else goes to the error queue, and the
// consumer lives on.
func TestStep1BadInput(t *testing.T) {
	t.Parallel()
	bad := map[string]struct {
		message parley.Message
		want    []string
	}{
		"no JSON":              {parley.Message{Body: []byte(`{"id":`), ContentType: "application/json"}, []string{"body"}},
		"wrong type":           {parley.Message{Body: []byte(`{"id":7}`), ContentType: "application/json"}, []string{"id", "string"}},
		"empty":                {parley.Message{}, []string{"body", "nothing"}},
		"null":                 {parley.Message{Body: []byte(`null`), ContentType: "application/json"}, []string{"body", "nothing"}},
		"unknown content type": {parley.Message{Body: []byte(`x`), ContentType: "application/x-unknown"}, []string{"application/x-unknown"}},
		"text for an object":   {parley.Message{Body: []byte(`x`), ContentType: "text/plain"}, []string{"object", "plain text"}},
		"missing field":        {parley.Message{Body: []byte(`{"items":[{"qty":1}]}`), ContentType: "application/json"}, []string{"id", "required", "string"}},
		"field below":          {parley.Message{Body: []byte(`{"id":"a","items":[{"qty":1},{"qty":0}]}`), ContentType: "application/json"}, []string{"items[1].qty", "gt=0", "integer"}},
		"too large":            {parley.Message{Body: []byte(`{"id":"` + strings.Repeat("x", 300) + `"}`), ContentType: "application/json"}, []string{"limit of 256"}},
	}
	everywhere(t, func(w *world) {
		app := w.app(parley.MaxBody(256))
		ran := make(chan order, 10)
		app.Subscriber(w.at("place"), func(_ context.Context, o order) string {
			ran <- o
			return "placed"
		})
		place := app.Publisher(w.at("place"))
		w.start(app)
		peer, _ := w.client()
		failed := w.collect(w.at("place.error"))
		for name, c := range bad {
			m := c.message
			_, err := place.Request(w.ctx(), &m)
			remote, ok := errors.AsType[*parley.RemoteError](err)
			require.True(w, ok, "%s: %v", name, err)
			require.Equal(w, parley.CodeInvalidArgument, remote.Code, name)
			for _, want := range c.want {
				require.Contains(w, remote.Message, want, name)
			}
			require.NotContains(w, remote.Message, "order", "no name of a Go type")
			nothing(w, failed)

			event := c.message
			w.publish(peer, w.at("place"), &event)
			moved := next(w, failed)
			require.Equal(w, string(event.Body), string(moved.Body))
			require.Equal(w, "invalid_argument", moved.Headers[parley.HeaderFailureCode])
			require.Equal(w, w.at("place"), moved.Headers[parley.HeaderFailureAddress])
			require.EqualValues(w, 0, moved.Headers[parley.HeaderFailureAttempt], "the handler did not run")
			for _, want := range c.want {
				require.Contains(w, moved.Headers[parley.HeaderFailureReason], want, name)
			}
		}
		nothing(w, ran)
		got, err := parley.Request[string](w.ctx(), place, order{"a", []item{{1}}})
		require.NoError(w, err, "the consumer lives on")
		require.Equal(w, "placed", got)
	})
}

func TestStep1ForbiddenReplyAddress(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := make(chan string, 10)
		app.Subscriber(w.at("work"), func(s string) string {
			ran <- s
			return s
		})
		app.Subscriber(w.at("narrow"), func(s string) string { return s }, parley.AllowReplyTo(w.at("ok.*")))
		app.Subscriber(w.at("ok.1"), func(s string) { ran <- "replied " + s })
		w.start(app)
		peer, _ := w.client()
		failed := w.collect(w.at("work.error"))
		for _, address := range []string{w.at("other.error"), w.at("other.wait.1000"), "amq.topic", "victim|exchange"} {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), ReplyTo: address})
			moved := next(w, failed)
			require.Equal(w, "permission_denied", moved.Headers[parley.HeaderFailureCode], address)
		}
		nothing(w, ran)
		require.EqualValues(w, 4, app.Stats().RefusedReplyTo)

		refused := w.collect(w.at("narrow.error"))
		w.publish(peer, w.at("narrow"), &parley.Message{Body: []byte("x"), ReplyTo: w.at("victim")})
		require.Equal(w, "permission_denied", next(w, refused).Headers[parley.HeaderFailureCode])
		w.publish(peer, w.at("narrow"), &parley.Message{Body: []byte("y"), ReplyTo: w.at("ok.1")})
		require.Equal(w, "replied y", next(w, ran))
	})
}

func TestStep1Deadline(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := make(chan time.Duration, 10)
		busy, free := make(chan struct{}), make(chan struct{})
		app.Subscriber(w.at("work"), func(ctx context.Context, s string) string {
			if s == "block" {
				close(busy)
				<-free
				return s
			}
			deadline, ok := ctx.Deadline()
			if !ok {
				ran <- 0
				return s
			}
			ran <- time.Until(deadline)
			return s
		}, parley.Concurrency(2), parley.Prefetch(10))
		work := app.Publisher(w.at("work"))
		w.start(app)

		_, err := work.Request(w.ctx(), "x", parley.Timeout(9*time.Second))
		require.NoError(w, err)
		left := next(w, ran)
		require.Greater(w, left, 4*time.Second)
		require.LessOrEqual(w, left, 9*time.Second, "the handler's context carries the remaining time")

		// A forged deadline is never taken for "no limit".
		peer, _ := w.client()
		failed := w.collect(w.at("work.error"))
		for _, forged := range []any{int64(-5), "soon", 1e30, 0.5} {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), ReplyTo: w.at("nobody"), Headers: parley.Headers{parley.HeaderDeadline: forged}})
			require.Equal(w, "invalid_argument", next(w, failed).Headers[parley.HeaderFailureCode])
		}
		nothing(w, ran)

		// Ended in the hands of the service, but before a handler was free.
		first := parley.Go[string](w.ctx(), work, "block", parley.Timeout(patience))
		next(w, busy)
		busy = make(chan struct{})
		second := parley.Go[string](w.ctx(), work, "block", parley.Timeout(patience))
		next(w, busy)
		before := app.Stats().Received
		w.inTime(func(limit time.Duration) bool {
			_, err := work.Request(w.ctx(), "late", parley.Timeout(limit))
			require.ErrorIs(w, err, parley.ErrTimeout)
			if app.Stats().Received == before {
				return false
			}
			// The service's clock began when the request came.
			there, cancel := context.WithTimeout(w.ctx(), limit)
			defer cancel()
			<-there.Done()
			return true
		})
		close(free)
		for _, call := range []*parley.Call[string]{first, second} {
			_, err := call.Wait(w.ctx())
			require.NoError(w, err)
		}
		require.Eventually(w, func() bool { return app.Stats().Expired == app.Stats().Received-before }, patience, time.Millisecond)
		nothing(w, ran)
	})
}

func TestStep1HandlerTimeout(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}, parley.HandlerTimeout(30*time.Millisecond))
		work := app.Publisher(w.at("work"))
		w.start(app)
		_, err := work.Request(w.ctx(), "x", parley.NoTimeout())
		require.Equal(w, parley.CodeDeadlineExceeded, parley.CodeOf(err), "%v", err)

		failed := w.collect(w.at("work.error"))
		require.NoError(w, work.Publish(w.ctx(), "x"))
		require.Equal(w, "deadline_exceeded", next(w, failed).Headers[parley.HeaderFailureCode])
	})
}

// Step 2: a panic is an error with code internal; process and consumer live on.
func TestStep2Panic(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(s string) string {
			if s == "boom" {
				panic("dsn postgres://s3cr3t")
			}
			return s
		})
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		_, err := work.Request(w.ctx(), "boom")
		require.Equal(w, parley.CodeInternal, parley.CodeOf(err))
		require.NotContains(w, err.Error(), "s3cr3t")
		require.NoError(w, work.Publish(w.ctx(), "boom"))
		moved := next(w, failed)
		require.Equal(w, "internal", moved.Headers[parley.HeaderFailureCode])
		require.NotContains(w, fmt.Sprint(moved.Headers), "s3cr3t")
		require.Contains(w, w.log.String(), "s3cr3t", "the text stays in the service's log")
		got, err := parley.Request[string](w.ctx(), work, "fine")
		require.NoError(w, err)
		require.Equal(w, "fine", got)
	})
}
