package interop_test

import (
	"context"
	"errors"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// A foreign caller would take an error reply for a result: it gets none, and
// the request is kept. The handler serves one request at a time, so the answer
// to the last one would come after all of theirs.
func TestForeignCallerGetsNoErrorReply(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, queue := rabbittest.URL(t), "failure."+l.name
		app := newApp(rabbitmq.New(url))
		app.Subscriber(queue, failing, parley.Concurrency(1))
		run(t, app)
		outcomes, strays := startClient(t, l, url, "exclusive", 8).do(
			unanswered("on purpose", queue, `"on purpose"`),
			unanswered("plain", queue, `"plain"`),
			unanswered("panic", queue, `"panic"`),
			unanswered("undecodable", queue, `{"not":"a word"}`),
			call{ID: "last", Queue: queue, Body: []byte(`"well"`), Properties: map[string]any{"content_type": jsonish}},
		)
		require.Empty(t, strays)
		requireReply(t, jsonish, outcomes["last"].Properties["correlation_id"], outcomes["last"])
		broken := openQueue(t, url, queue+".error")
		for id, code := range map[string]parley.Code{
			"on purpose": parley.CodeNotFound, "plain": parley.CodeUnknown, "panic": parley.CodeInternal,
			"undecodable": parley.CodeInvalidArgument,
		} {
			require.Equal(t, "none", outcomes[id].Outcome, id)
			require.Equal(t, string(code), broken.header(parley.HeaderFailureCode, id))
			require.NotEmpty(t, broken.header(parley.HeaderFailureReason, id))
		}
		require.Len(t, broken.byID, 4)
	})
}

// word is a string that is JSON on the wire.
type word struct{ text string }

func (w word) MarshalText() ([]byte, error)     { return []byte(w.text), nil }
func (w *word) UnmarshalText(text []byte) error { w.text = string(text); return nil }

func failing(w word) (word, error) {
	switch w.text {
	case "on purpose":
		return word{}, parley.NewError(parley.CodeNotFound, "no such thing")
	case "plain":
		return word{}, errors.New("disk full")
	case "panic":
		panic("broken")
	default:
		return w, nil
	}
}

// unanswered is a call that the client does not wait for.
func unanswered(id, queue, body string) call {
	return call{
		ID: id, Queue: queue, Body: []byte(body), Wait: new(false),
		Properties: map[string]any{"content_type": jsonish, "message_id": id},
	}
}

// A named queue belongs to somebody who may come later.
func TestReplyToANamedQueue(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, queue := rabbittest.URL(t), "named."+l.name
		app := newApp(rabbitmq.New(url))
		app.Subscriber(queue, echo[word], parley.Concurrency(1))
		run(t, app)
		lost := unanswered("lost", queue, `"lost"`)
		lost.Properties["reply_to"] = queue + ".nobody"
		gone := unanswered("gone", queue, `"gone"`)
		gone.Properties["reply_to"] = "amq.gen-of-a-caller-that-left"
		outcomes, _ := startClient(t, l, url, "exclusive", 1).do(lost, gone, call{
			ID: "kept", Queue: queue, Body: []byte(`"kept"`), ReplyQueue: queue + ".answers",
			Properties: map[string]any{"content_type": jsonish, "correlation_id": "mine"},
		})
		requireReply(t, jsonish, "mine", outcomes["kept"])
		require.InDelta(t, 2, outcomes["kept"].Properties["delivery_mode"], 0, "its reader may come after a restart")
		require.EqualValues(t, 2, app.Stats().UnroutableReplies)
		broken := openQueue(t, url, queue+".error")
		require.Equal(t, "reply_unroutable", broken.header(parley.HeaderFailureReason, "lost"))
		require.Len(t, broken.byID, 1, "a waiting caller that left is nobody's loss")
	})
}

// The client gives up, the reply comes, and the next call has its own.
func TestForeignCallerGetsALateReply(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, queue := rabbittest.URL(t), "hold."+l.name
		gaveUp := make(chan struct{})
		app := newApp(rabbitmq.New(url))
		app.Subscriber(queue, func(ctx context.Context, v string) (string, error) {
			select {
			case <-gaveUp:
				return v, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		})
		run(t, app)
		c := startClient(t, l, url, "direct", 1)
		text := map[string]any{"content_type": plain}
		c.write(call{ID: "first", Queue: queue, Body: []byte("first"), Properties: text, TimeoutMS: 100})
		require.Equal(t, "timeout", c.next().Outcome)
		close(gaveUp)
		require.Equal(t, "first", string(c.next().Stray.Body))
		outcomes, strays := c.do(call{ID: "second", Queue: queue, Body: []byte("second"), Properties: text})
		require.Empty(t, strays)
		require.Equal(t, "second", string(outcomes["second"].Body))
	})
}

// queue is what stands in a queue, by message id.
type queue struct {
	t    *testing.T
	byID map[string]amqp.Delivery
}

// openQueue empties the queue of that name.
func openQueue(t *testing.T, url, name string) queue {
	t.Helper()
	conn, err := amqp.Dial(url)
	require.NoError(t, err)
	defer conn.Close()
	ch, err := conn.Channel()
	require.NoError(t, err)
	q := queue{t, map[string]amqp.Delivery{}}
	for {
		d, ok, err := ch.Get(name, true)
		require.NoError(t, err)
		if !ok {
			return q
		}
		q.byID[d.MessageId] = d
	}
}

// header returns a header of the message with that id.
func (q queue) header(name, id string) any {
	q.t.Helper()
	require.Contains(q.t, q.byID, id)
	return q.byID[id].Headers[name]
}
