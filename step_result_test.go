package parley_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// maybe returns nil for "", for results that may have no value.
func maybe(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Step 3: results that are not nil go to reply_to and to every PublishTo; a
// caller that waits always gets an answer.
func TestStep3Results(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		forwarded, replies := make(chan string, 10), make(chan string, 10)
		app.Subscriber(w.at("work"), maybe,
			parley.PublishTo(w.at("a")), parley.PublishTo(w.at("b")))
		app.Subscriber(w.at("a"), func(s string) { forwarded <- "a " + s })
		app.Subscriber(w.at("b"), func(s string) { forwarded <- "b " + s })
		app.Subscriber(w.at("replies"), func(s string) { replies <- s })
		app.Subscriber(w.at("silent"), func(s string) string { return s }, parley.NoReply())
		work, silent := app.Publisher(w.at("work")), app.Publisher(w.at("silent"))
		w.start(app)

		require.NoError(w, work.Publish(w.ctx(), "x", parley.ReplyTo(w.at("replies"))))
		require.ElementsMatch(w, []string{"a x", "b x"}, []string{next(w, forwarded), next(w, forwarded)})
		require.Equal(w, "x", next(w, replies))

		require.NoError(w, work.Publish(w.ctx(), "", parley.ReplyTo(w.at("replies"))))
		empty, err := parley.Request[*string](w.ctx(), work, "")
		require.NoError(w, err, "somebody who waits gets an empty answer")
		require.Nil(w, empty)
		_, err = parley.Request[string](w.ctx(), work, "")
		require.ErrorIs(w, err, parley.ErrNoValue)
		nothing(w, forwarded)
		nothing(w, replies)

		m, err := silent.Request(w.ctx(), "kept in")
		require.NoError(w, err)
		require.Empty(w, m.Body)
		require.NoError(w, silent.Publish(w.ctx(), "kept in", parley.ReplyTo(w.at("replies"))))
		require.Eventually(w, func() bool { return app.Stats().Handled == 9 }, patience, time.Millisecond)
		nothing(w, replies)
	})
}

// A foreign caller that waits gets an empty answer too.
func TestStep3ForeignCallerThatWaits(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(string) {})
		w.start(app)
		peer, replies := w.client()
		c, err := peer.Request(w.ctx(), &transport.Publication{
			Message: &parley.Message{Body: []byte("x"), CorrelationID: "c1", Headers: parley.Headers{"CC": []any{"victim"}, "mine": "1"}},
			Key:     w.at("work"), Mandatory: true,
		})
		require.NoError(w, err)
		require.NoError(w, transport.Wait(w.ctx(), c))
		m := next(w, replies)
		require.Equal(w, "c1", m.CorrelationID)
		require.Empty(w, m.Body)
		require.Empty(w, m.Headers, "headers of the request are not echoed")
		require.NotEmpty(w, m.ID)
		require.Empty(w, m.ReplyTo)
	})
}

// Step 4: what a caller is told of an error.
func TestStep4ErrorsToCallers(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		handler := func(s string) (string, error) {
			switch s {
			case "said":
				return "", parley.NewError(parley.CodeNotFound, "no such order").
					WithDetail(map[string]int{"order": 7}).WithCause(errors.New("sql: s3cr3t"))
			default:
				return "", errors.New("dsn s3cr3t")
			}
		}
		app.Subscriber(w.at("work"), handler)
		app.Subscriber(w.at("open"), handler, parley.ExposeErrors())
		app.Subscriber(w.at("keep"), handler, parley.KeepFailedRequests())
		work, open, keep := app.Publisher(w.at("work")), app.Publisher(w.at("open")), app.Publisher(w.at("keep"))
		w.start(app)
		failed, kept := w.collect(w.at("work.error")), w.collect(w.at("keep.error"))

		_, err := work.Request(w.ctx(), "said")
		remote, ok := errors.AsType[*parley.RemoteError](err)
		require.True(w, ok, "%v", err)
		require.Equal(w, parley.CodeNotFound, remote.Code)
		require.Equal(w, "no such order", remote.Message)
		require.JSONEq(w, `{"order":7}`, string(remote.Details[0]))
		require.ErrorIs(w, err, parley.NewError(parley.CodeNotFound, ""))

		_, err = work.Request(w.ctx(), "plain")
		require.Equal(w, parley.CodeUnknown, parley.CodeOf(err))
		require.NotContains(w, err.Error(), "s3cr3t")
		require.Contains(w, w.log.String(), "s3cr3t")
		nothing(w, failed)

		_, err = open.Request(w.ctx(), "plain")
		require.ErrorContains(w, err, "dsn s3cr3t")

		_, err = keep.Request(w.ctx(), "said")
		require.Equal(w, parley.CodeNotFound, parley.CodeOf(err))
		require.Equal(w, "not_found", next(w, kept).Headers[parley.HeaderFailureCode])
	})
}

// Step 5: every other failed message, a foreign caller's request too, ends in
// the error queue; PublishTo is skipped.
func TestStep5ErrorQueue(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		forwarded := make(chan string, 10)
		app.Subscriber(w.at("work"), func(string) (string, error) {
			return "half", parley.NewError(parley.CodeAborted, "try later")
		}, parley.PublishTo(w.at("after")))
		app.Subscriber(w.at("told"), func(string) (string, error) {
			return "", parley.NewError(parley.CodeAborted, "try later")
		}, parley.ErrorReplies())
		app.Subscriber(w.at("after"), func(s string) { forwarded <- s })
		w.start(app)
		peer, replies := w.client()
		failed, toldFailed := w.collect(w.at("work.error")), w.collect(w.at("told.error"))
		victim := w.collect(w.at("victim"))
		ask := func(queue string) {
			_, err := peer.Request(w.ctx(), &transport.Publication{Key: queue, Mandatory: true, Message: &parley.Message{
				Body: []byte("x"), ID: "m1", CorrelationID: "c1", Type: "t1",
				Headers: parley.Headers{"CC": []any{w.at("victim")}, "x-tenant": "acme", "x-death": "forged"},
			}})
			require.NoError(w, err)
		}
		ask(w.at("work"))
		moved := next(w, failed)
		require.Equal(w, "x", string(moved.Body))
		require.Equal(w, "m1", moved.ID)
		require.Equal(w, "c1", moved.CorrelationID)
		require.Equal(w, "t1", moved.Type)
		require.Equal(w, "aborted", moved.Headers[parley.HeaderFailureCode])
		require.Equal(w, "try later", moved.Headers[parley.HeaderFailureReason])
		require.EqualValues(w, 1, moved.Headers[parley.HeaderFailureAttempt])
		require.Contains(w, moved.Headers[parley.HeaderFailureHandler], "step_result_test.go")
		require.Equal(w, "acme", moved.Headers["x-tenant"], "application headers stay")
		require.NotContains(w, moved.Headers, "CC")
		require.NotContains(w, moved.Headers, "x-death")
		stamp, err := time.Parse(time.RFC3339, moved.Header(parley.HeaderFailureTime))
		require.NoError(w, err)
		require.WithinDuration(w, time.Now(), stamp, patience)
		nothing(w, replies)

		ask(w.at("told"))
		require.JSONEq(w, `{"code":"aborted","message":"try later"}`, string(next(w, replies).Body))
		next(w, toldFailed)
		nothing(w, forwarded)
		// The copies that the sender's CC made are all that reached the victim.
		next(w, victim)
		next(w, victim)
		nothing(w, victim)
	})
}

// Step 6: replies and forwarded results that nobody takes.
func TestStep6Unroutable(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(s string) string { return s })
		app.Subscriber(w.at("forward"), func(s string) string { return s }, parley.PublishTo(w.at("missing")))
		app.Subscriber(w.at("event"), func(s string) string { return s },
			parley.PublishTo("nobody.cares", parley.To(topology.Topic(w.at("events")))))
		event, forward := app.Publisher(w.at("event")), app.Publisher(w.at("forward"))
		w.start(app)
		peer, _ := w.client()
		failed, unforwarded := w.collect(w.at("work.error")), w.collect(w.at("forward.error"))

		w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), ReplyTo: "amq.gen-nobody"})
		require.Eventually(w, func() bool { return app.Stats().UnroutableReplies == 1 }, patience, time.Millisecond)
		nothing(w, failed)

		w.publish(peer, w.at("work"), &parley.Message{Body: []byte("y"), ReplyTo: w.at("nowhere")})
		moved := next(w, failed)
		require.Equal(w, "y", string(moved.Body))
		require.Equal(w, "reply_unroutable", moved.Headers[parley.HeaderFailureReason])

		require.NoError(w, forward.Publish(w.ctx(), "z"))
		require.Equal(w, "publish_unroutable", next(w, unforwarded).Headers[parley.HeaderFailureReason])
		_, err := forward.Request(w.ctx(), "z")
		require.Equal(w, parley.CodeUnavailable, parley.CodeOf(err))

		got, err := parley.Request[string](w.ctx(), event, "e")
		require.NoError(w, err, "an exchange without bindings is no failure")
		require.Equal(w, "e", got)
	})
}

// A result that no message can carry ends its message as a failure: it is not
// handled again and again.
func TestStep6Unsendable(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := make(chan string, 10)
		unsendable := func(m *parley.Message) parley.Response[string] {
			ran <- string(m.Body)
			return parley.Response[string]{Value: "x", Properties: parley.Message{Headers: parley.Headers{"bad": struct{}{}}}}
		}
		app.Subscriber(w.at("reply"), unsendable)
		app.Subscriber(w.at("forward"), unsendable, parley.PublishTo(w.at("next")))
		app.Subscriber(w.at("next"), func(string) {})
		reply, forward := app.Publisher(w.at("reply")), app.Publisher(w.at("forward"))
		w.start(app)
		failed, unforwarded := w.collect(w.at("reply.error")), w.collect(w.at("forward.error"))
		_, err := reply.Request(w.ctx(), "x")
		require.Equal(w, parley.CodeInternal, parley.CodeOf(err))
		require.NoError(w, reply.Publish(w.ctx(), "x", parley.ReplyTo(w.at("next"))))
		require.Equal(w, "reply_unsendable", next(w, failed).Headers[parley.HeaderFailureReason])
		require.NoError(w, forward.Publish(w.ctx(), "x"))
		require.Equal(w, "publish_unsendable", next(w, unforwarded).Headers[parley.HeaderFailureReason])
		require.Len(w, ran, 3)
	})
}

// A copy of the input does not carry its reply address to the next subscriber.
func TestStep6ForwardedCopies(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		replyTo := make(chan string, 1)
		app.Subscriber(w.at("work"), func(m *parley.Message) *parley.Message { return m.Clone() }, parley.PublishTo(w.at("next")))
		app.Subscriber(w.at("next"), func(m *parley.Message) { replyTo <- m.ReplyTo })
		work := app.Publisher(w.at("work"))
		w.start(app)
		_, err := work.Request(w.ctx(), "x")
		require.NoError(w, err)
		require.Empty(w, next(w, replyTo))
		require.Zero(w, app.Stats().LateReplies)
	})
}

// Step 7: a client uses the transport's own reply address, with any number of
// requests in flight, and a reply reaches its own call and no other.
func TestStep7RepliesFindTheirCalls(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("echo"), func(_ context.Context, n int) int { return n }, parley.Concurrency(8))
		echo := app.Publisher(w.at("echo"))
		w.start(app)
		calls := make([]*parley.Call[int], 500)
		for i := range calls {
			calls[i] = parley.Go[int](w.longCtx(), echo, i, parley.NoTimeout())
		}
		for i, c := range calls {
			got, err := c.Wait(w.ctx())
			require.NoError(w, err)
			require.Equal(w, i, got)
		}
		require.Zero(w, app.Stats().LateReplies)
	})
}

// Step 8: what survives a restart of the broker, and what expires.
func TestStep8Persistence(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := make(chan *parley.Message, 10)
		app.Subscriber(w.at("work"), func(m *parley.Message) string {
			got <- m
			return "done"
		})
		replies := w.collect
		work := app.Publisher(w.at("work"))
		w.start(app)

		reply, err := work.Request(w.ctx(), "x", parley.Timeout(20*time.Second))
		require.NoError(w, err)
		m := next(w, got)
		require.Equal(w, transport.Transient, m.Persistence)
		require.Greater(w, m.Expiration, 10*time.Second)
		require.LessOrEqual(w, m.Expiration, 20*time.Second)
		require.IsType(w, int64(0), m.Headers[parley.HeaderDeadline])
		require.Equal(w, transport.Transient, reply.Persistence)
		require.Greater(w, reply.Expiration, 10*time.Second)

		unbounded := context.WithoutCancel(w.ctx())
		reply, err = work.Request(unbounded, "x", parley.NoTimeout())
		require.NoError(w, err)
		m = next(w, got)
		require.Equal(w, transport.Persistent, m.Persistence)
		require.Zero(w, m.Expiration)
		require.EqualValues(w, 0, m.Headers[parley.HeaderDeadline])
		require.Equal(w, transport.Persistent, reply.Persistence)
		require.Zero(w, reply.Expiration)

		answered := replies(w.at("answers"))
		require.NoError(w, work.Publish(w.ctx(), "x", parley.ReplyTo(w.at("answers"))))
		m = next(w, got)
		require.Equal(w, transport.Persistent, m.Persistence)
		require.NotContains(w, m.Headers, parley.HeaderDeadline)
		require.Equal(w, transport.Persistent, next(w, answered).Persistence)

		_, err = work.Request(w.ctx(), "x", parley.Persistent())
		require.NoError(w, err)
		require.Equal(w, transport.Persistent, next(w, got).Persistence)
		require.NoError(w, work.Publish(w.ctx(), "x", parley.Transient()))
		require.Equal(w, transport.Transient, next(w, got).Persistence)
	})
}
