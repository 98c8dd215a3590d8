package transporttest

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

var messageCases = []testCase{
	{
		name:    "message/properties",
		promise: "Every property of a message arrives as it was sent; Address and Exchange are set by the transport.",
		run:     propertiesArrive,
	},
	{
		name:    "message/bare",
		promise: "A property that was not sent arrives as its zero value.",
		run: func(e *env) {
			got := roundTrip(e, &transport.Message{Body: []byte("x")})
			got.Persistence, got.Received = transport.PersistenceUnset, time.Time{}
			require.Equal(e.t, &transport.Message{Body: []byte("x"), Address: e.name("q")}, withoutEmpty(got))
		},
	},
	{
		name:    "message/arrival",
		promise: "Received is when the transport took the message off the wire, which may be long before a handler is free.",
		run:     arrivalIsNoted,
	},
	{
		name:    "message/headers",
		promise: "A header value may be nil, a bool, a string, a []byte, a time.Time, any integer or float type, a map[string]any or []any of these, or a []string. Integers arrive as int64 whatever width they were sent with.",
		run:     headersArrive,
	},
	{
		name:    "message/header limits",
		promise: "Headers that a client could not receive are an error before anything is sent: more than 8192 elements in one table or list, more than 32 levels of them, more than 120 KiB.",
		run:     headersAreBounded,
	},
	{
		name:    "message/empty body",
		promise: "A nil body and an empty one are the same.",
		run: func(e *env) {
			require.Empty(e.t, roundTrip(e, &transport.Message{}).Body)
			require.Empty(e.t, roundTrip(e, &transport.Message{Body: []byte{}}).Body)
		},
	},
	{
		name:    "message/large body",
		promise: "A body arrives whole, whatever bytes it holds.",
		run: func(e *env) {
			body := make([]byte, 1<<20)
			for i := range body {
				body[i] = byte(i * 7)
			}
			require.Equal(e.t, body, roundTrip(e, &transport.Message{Body: body}).Body)
		},
	},
	{
		name:    "message/sender keeps its message",
		promise: "A message that is being sent must not be changed until its Publish method has returned: afterwards it may be.",
		run:     senderMayReuse,
	},
	{
		name:    "message/receiver owns its message",
		promise: "A received message belongs to the handler that gets it: what a handler does to it changes no later delivery.",
		run:     receiverMayChange,
	},
}

// roundTrip sends m through a queue.
func roundTrip(e *env, m *transport.Message) *transport.Message {
	e.t.Helper()
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	require.NoError(e.t, c.send(&transport.Publication{Message: m, Key: s.Queue.Name, Mandatory: true}))
	got := c.collect(s)
	defer func() { require.NoError(e.t, got.Stop(e.ctx)) }()
	return got.next()
}

// withoutEmpty removes an empty header table: to have none and to have an
// empty one are the same.
func withoutEmpty(m *transport.Message) *transport.Message {
	if len(m.Headers) == 0 {
		m.Headers = nil
	}
	return m
}

func propertiesArrive(e *env) {
	at := time.Date(2024, 11, 23, 12, 34, 56, 789_000_000, time.UTC)
	for _, persistence := range []transport.Persistence{transport.Transient, transport.Persistent} {
		sent := &transport.Message{
			Body: []byte(`{"a":1}`), ContentType: "application/json", ContentEncoding: "identity",
			ID: "id-1", CorrelationID: "correlation-1", ReplyTo: "some.queue", Type: "order", AppID: "shop",
			Timestamp: at, Expiration: 10*time.Minute + 100*time.Microsecond, Priority: 7, Persistence: persistence,
		}
		got := roundTrip(e, sent)
		require.True(e.t, got.Timestamp.Equal(at.Truncate(time.Second)), "timestamp %s", got.Timestamp)
		want := *sent
		want.Timestamp = got.Timestamp
		require.WithinDuration(e.t, time.Now(), got.Received, patience)
		want.Received = got.Received
		want.Expiration = 10*time.Minute + time.Millisecond
		want.Address = e.name("q")
		require.Equal(e.t, &want, withoutEmpty(got))
		require.Equal(e.t, 10*time.Minute+100*time.Microsecond, sent.Expiration, "the sender's message was changed")
	}
}

// arrivalIsNoted lets a second message wait in the client, behind a handler.
func arrivalIsNoted(e *env) {
	c := e.connect()
	arrivals := make(chan time.Time, 2)
	busy, release := make(chan struct{}, 2), make(chan struct{})
	c.consume(e.onQueue("q"), 2, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		busy <- struct{}{}
		<-release
		arrivals <- m.Received
		return transport.Ack
	})
	c.put(e.name("q"), "first")
	c.put(e.name("q"), "second")
	receive(e, busy, "the first message")
	if e.Features.Inspect {
		e.eventually("the broker has sent the second message", func() bool {
			ready, err := c.inspector().Depth(e.ctx, e.name("q"))
			return err == nil && ready == 0
		})
	}
	waited := time.Now().Add(300 * time.Millisecond)
	<-time.After(time.Until(waited))
	close(release)
	receive(e, arrivals, "the first arrival")
	require.True(e.t, receive(e, arrivals, "the second arrival").Before(waited), "the second message was received while the first was handled")
}

func headersArrive(e *env) {
	at := time.Date(2024, 11, 23, 12, 34, 56, 789_000_000, time.UTC)
	got := roundTrip(e, &transport.Message{Headers: transport.Headers{
		"nil": nil, "true": true, "text": "päivää", "bytes": []byte{0, 1, 255}, "time": at,
		"int": 1, "int8": int8(-8), "int16": int16(-16), "int32": int32(-32), "int64": int64(-1 << 63),
		"uint": uint(1), "uint8": uint8(200), "uint16": uint16(60_000), "uint32": uint32(4e9), "uint64": uint64(1<<63 - 1),
		"float32": float32(1.5), "float64": 2.25, "strings": []string{"a", "b"},
		"list":  []any{1, "two", []any{uint8(3)}, map[string]any{"four": 4}},
		"table": map[string]any{"n": int16(1), "deep": map[string]any{"list": []string{"x"}, "nil": nil}},
	}}).Headers
	when, ok := got["time"].(time.Time)
	require.True(e.t, ok, "a time arrived as %T", got["time"])
	require.True(e.t, when.Equal(at.Truncate(time.Second)), "a time arrived as %s", when)
	require.InDelta(e.t, 1.5, got["float32"], 0)
	delete(got, "time")
	delete(got, "float32")
	require.Equal(e.t, transport.Headers{
		"nil": nil, "true": true, "text": "päivää", "bytes": []byte{0, 1, 255},
		"int": int64(1), "int8": int64(-8), "int16": int64(-16), "int32": int64(-32), "int64": int64(-1 << 63),
		"uint": int64(1), "uint8": int64(200), "uint16": int64(60_000), "uint32": int64(4e9), "uint64": int64(1<<63 - 1),
		"float64": 2.25, "strings": []any{"a", "b"},
		"list":  []any{int64(1), "two", []any{int64(3)}, map[string]any{"four": int64(4)}},
		"table": map[string]any{"n": int64(1), "deep": map[string]any{"list": []any{"x"}, "nil": nil}},
	}, got)
}

func senderMayReuse(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	m := text("original")
	m.Headers = transport.Headers{"table": map[string]any{"k": "original"}}
	confirmation, err := c.Publish(e.ctx, &transport.Publication{Message: m, Key: s.Queue.Name, Mandatory: true})
	require.NoError(e.t, err)
	copy(m.Body, "SCRIBBLE")
	m.Headers["table"].(map[string]any)["k"] = "scribble"
	m.SetHeader("more", true)
	require.NoError(e.t, transport.Wait(e.ctx, confirmation))
	got := c.collect(s).next()
	require.Equal(e.t, "original", string(got.Body))
	require.Equal(e.t, transport.Headers{"table": map[string]any{"k": "original"}}, got.Headers)
}

func receiverMayChange(e *env) {
	c := e.connect()
	seen := make(chan *transport.Message, 2)
	c.consume(e.onQueue("q"), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		seen <- m.Clone()
		if m.Redelivered {
			return transport.Ack
		}
		m.SetHeader("list", append(m.Headers["list"].([]any)[:0], "scribble"))
		m.CorrelationID = "scribble"
		m.Body = append(m.Body[:0], "SCRIBBLE"...)
		return transport.Requeue
	})
	m := text("original")
	m.Headers = transport.Headers{"list": []any{"original"}}
	require.NoError(e.t, c.send(&transport.Publication{Message: m, Key: e.name("q"), Mandatory: true}))
	receive(e, seen, "the first delivery")
	again := receive(e, seen, "the second delivery")
	require.True(e.t, again.Redelivered)
	require.Equal(e.t, "original", string(again.Body))
	require.Equal(e.t, []any{"original"}, again.Headers["list"])
	require.Empty(e.t, again.CorrelationID)
}
