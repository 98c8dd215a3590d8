package parley_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

func TestR10ErrorsTellNothingInternal(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(s string) error {
			said := parley.NewError(parley.CodeNotFound, "no such order").WithCause(errors.New("cause s3cr3t"))
			switch s {
			case "wrapped":
				return fmt.Errorf("dsn s3cr3t: %w", said)
			case "joined":
				return errors.Join(errors.New("dsn s3cr3t"), said)
			case "panic with an error":
				panic(fmt.Errorf("dsn s3cr3t: %w", said))
			default:
				return errors.New("dsn s3cr3t at /srv/orders.go:7")
			}
		})
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		for body, want := range map[string]parley.Code{
			"wrapped": parley.CodeNotFound, "joined": parley.CodeNotFound, "plain": parley.CodeUnknown, "panic with an error": parley.CodeInternal,
		} {
			_, err := work.Request(w.ctx(), body)
			require.Equal(w, want, parley.CodeOf(err), body)
			require.NotContains(w, err.Error(), "s3cr3t")
			require.NotContains(w, err.Error(), ".go")
			require.NoError(w, work.Publish(w.ctx(), body))
			moved := next(w, failed)
			require.Equal(w, string(want), moved.Headers[parley.HeaderFailureCode])
			require.NotContains(w, fmt.Sprint(moved.Headers), "s3cr3t")
		}
	})
}

// forgery would be a record of its own if it were written as it is.
const forgery = "x\ntime=2020-01-01 level=ERROR msg=forged\r\n{\"msg\":\"forged\"}\n\x1b[31mred\x00"

func TestR12LogRecordsCannotBeForged(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		for name, lines := range map[string]func([]byte) error{"text": textRecord, "json": jsonRecord} {
			log := &logRecord{}
			var handler slog.Handler = slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})
			if name == "json" {
				handler = slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})
			}
			app := w.app(parley.Logger(slog.New(handler)))
			queue := w.at("log." + name)
			app.Subscriber(queue, func(s string) error { return errors.New("cannot: " + forgery) })
			w.start(app)
			peer, _ := w.client()
			failed := w.collect(queue + ".error")
			id := forgery + strings.Repeat("x", 255-len(forgery))
			for _, m := range []parley.Message{
				{Body: []byte("private"), ContentType: "text/plain"},
				{Body: []byte("private"), ContentType: forgery},
				{Body: []byte("private"), ContentType: "text/plain", ReplyTo: "amq." + forgery},
				{Body: []byte("private"), ContentType: "text/plain", ReplyTo: "amq.gen-" + forgery, Headers: parley.Headers{parley.HeaderDeadline: forgery}},
			} {
				m.ID, m.CorrelationID, m.Type = id, id, id
				w.publish(peer, queue, &m)
				next(w, failed)
			}
			text := log.String()
			require.Contains(w, text, "message failed")
			require.NotContains(w, text, "private", "bodies are not logged")
			for line := range bytes.Lines([]byte(text)) {
				require.NoError(w, lines(line), "%q", line)
			}
		}
	})
}

func textRecord(line []byte) error {
	if !bytes.HasPrefix(line, []byte("time="+time.Now().Format("2006"))) || bytes.ContainsAny(line, "\x1b\x00\r") {
		return errors.New("no record")
	}
	return nil
}

func jsonRecord(line []byte) error {
	var record struct {
		Msg string `json:"msg"`
	}
	if err := json.Unmarshal(line, &record); err != nil || record.Msg == "forged" {
		return fmt.Errorf("no record: %w", err)
	}
	return nil
}

func TestR13FailureHeadersStaySmall(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(string) error {
			return parley.NewError(parley.CodeAborted, strings.Repeat("é", 1<<19))
		})
		w.start(app)
		peer, _ := w.client()
		failed := w.collect(w.at("work.error"))
		w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x")})
		reason := next(w, failed).Header(parley.HeaderFailureReason)
		require.Len(w, reason, 1024)
		require.Equal(w, strings.Repeat("é", 512), reason)

		// The sender's own headers fill the frame already.
		numbers := slices.Repeat([]any{int64(1)}, 6500)
		for _, big := range []any{strings.Repeat("x", 122_000), []byte(strings.Repeat("x", 122_000)), []any{numbers, numbers}, map[string]any{"a": strings.Repeat("x", 122_000)}} {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte("y"), Headers: parley.Headers{"big": big, "x-tenant": "acme"}})
			moved := next(w, failed)
			require.Equal(w, "y", string(moved.Body))
			require.Equal(w, "aborted", moved.Headers[parley.HeaderFailureCode])
			require.Equal(w, "acme", moved.Headers["x-tenant"], "what fits stays")
			require.EqualValues(w, 1, moved.Headers[parley.HeaderFailureOmitted])
			require.NotContains(w, moved.Headers, "big")
		}
	})
}

// An answer reaches the call whose id it carries, once, and disturbs no other.
func TestR14RepliesNeedTheirID(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		work := app.Publisher(w.at("work"))
		w.start(app)
		peer, _ := w.client()
		asked := make(chan *parley.Message, 2)
		_, err := peer.Subscribe(w.ctx(), rawSubscription(w, w.at("work"), func(m *parley.Message) transport.Verdict {
			asked <- m
			return transport.Ack
		}))
		require.NoError(w, err)
		first, second := parley.Go[string](w.ctx(), work, "1"), parley.Go[string](w.ctx(), work, "2")
		requests := map[string]*parley.Message{}
		for range 2 {
			m := next(w, asked)
			require.GreaterOrEqual(w, len(m.CorrelationID), 20, "at least 96 random bits in base 32")
			requests[string(m.Body)] = m
		}
		answer := func(id, text string) {
			c, err := peer.Publish(w.ctx(), &transport.Publication{
				Key: requests["1"].ReplyTo, Mandatory: true, Reply: true,
				Message: &parley.Message{Body: []byte(text), ContentType: "text/plain", CorrelationID: id},
			})
			require.NoError(w, err)
			require.NoError(w, transport.Wait(w.ctx(), c))
		}
		for _, id := range []string{"", "foreign", forgery, requests["1"].CorrelationID + "x", strings.ToLower(requests["1"].CorrelationID)} {
			answer(id, "stray")
		}
		answer(requests["1"].CorrelationID, "one")
		answer(requests["1"].CorrelationID, "one again")
		answer(requests["2"].CorrelationID, "two")
		for call, want := range map[*parley.Call[string]]string{first: "one", second: "two"} {
			got, err := call.Wait(w.ctx())
			require.NoError(w, err)
			require.Equal(w, want, got)
		}
		require.EqualValues(w, 6, app.Stats().LateReplies)
	})
}

func TestR15PendingCallsAreBounded(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.MaxPending(50))
		dead := app.Publisher(w.at("dead"))
		w.start(app)
		peer, _ := w.client()
		silent, err := peer.Subscribe(w.ctx(), rawSubscription(w, w.at("dead"), func(*parley.Message) transport.Verdict { return transport.Ack }))
		require.NoError(w, err)
		require.NoError(w, silent.Stop(w.ctx()))
		calls := make([]*parley.Call[string], 200)
		for i := range calls {
			calls[i] = parley.Go[string](w.ctx(), dead, "x")
		}
		refused := func() (n int) {
			for _, c := range calls {
				select {
				case <-c.Done():
					n++
				default:
				}
			}
			return n
		}
		require.Eventually(w, func() bool { return refused() == 150 }, patience, time.Millisecond)
		for _, c := range calls {
			select {
			case <-c.Done():
				_, err := c.Wait(w.ctx())
				require.ErrorIs(w, err, parley.ErrNotSent)
				require.Equal(w, parley.CodeResourceExhausted, parley.CodeOf(err))
			default:
			}
		}
	})
}
