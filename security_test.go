package parley_test

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/zstd"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

// What a hostile peer must not be able to do, and the tests that say so.
//
//	R1   reply addresses are bounded      TestR01, TestStep1ForbiddenReplyAddress; rabbitmq: TestClassify, FuzzClassify
//	R1b  they do not hurt other work      rabbitmq: TestUnknownDirectAddresses
//	R2   replies echo nothing             TestR02, TestStep3ForeignCallerThatWaits, TestReturnedInputIsNotEchoed, TestStep8Persistence
//	R3   CC and BCC are stripped          TestR03, TestStep5ErrorQueue, TestResponseSetsProperties
//	R4   headers are not believed         TestR04; memory: TestForgedDeathsDoNoHarm, TestForgedDeliveryCount; rabbitmq: TestForeignUserID
//	R5   deadlines are checked            TestR05, TestStep1Deadline
//	R6   size is checked before decoding  TestR06, TestStep1BadInput
//	R7   unpacking is bounded             TestR07, TestBadCompression, TestCompressedReplies; gzip, zstd: TestBombIsBounded, FuzzDecode
//	R8   JSON                             TestR08; serialization: TestJSONErrors, FuzzJSON
//	R9   signatures choose types          binder: TestTheTypeOfAMessageNeverSelectsAGoType; TestStep4ErrorsToCallers
//	R10  errors tell nothing internal     TestR10, TestStep2Panic, TestStep4ErrorsToCallers
//	R11  credentials are redacted         rabbitmq: TestConnectErrors, TestMalformedURLs, TestAccountWithoutConfigureRight, TestOptionsNameThemselves
//	R12  log records cannot be forged     TestR12
//	R13  failure headers stay small       TestR13
//	R14  correlation ids                  TestR14, TestStep7RepliesFindTheirCalls
//	R15  resources are bounded            TestR15, TestRegistrationErrors; rabbitmq: TestBlackHole
//	R17  TLS                              rabbitmq: TestTLS, TestR17
//	R18  least privilege                  rabbitmq: TestAccountWithoutConfigureRight
//	R19  codecs                           FuzzDecode, FuzzJSON, FuzzText and TestHostileInput of serialization and below; binder: FuzzInput; TestStep1BadInput
//	R20  the broker as attacker           rabbitmq: TestR20

func TestR01ReplyToIsBounded(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := make(chan string, 10)
		app.Subscriber(w.at("work"), func(s string) string { ran <- s; return s })
		app.Subscriber(w.at("other"), func(string) {})
		w.start(app)
		peer, _ := w.client()
		failed, others, victim := w.collect(w.at("work.error")), w.collect(w.at("other.error")), w.collect(w.at("victim"))
		bad := []string{w.at("other.error"), "amq.topic", w.at("victim") + "|", w.at("victim") + "|amq.direct"}
		for _, address := range bad {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), ReplyTo: address})
			require.Equal(w, "permission_denied", next(w, failed).Headers[parley.HeaderFailureCode], address)
		}
		require.EqualValues(w, len(bad), app.Stats().RefusedReplyTo)
		nothing(w, ran)
		nothing(w, others)
		nothing(w, victim)
	})
}

func TestR02RepliesEchoNothingAndAreBounded(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.MaxBody(1000))
		app.Subscriber(w.at("work"), func(n int) string { return strings.Repeat("x", n) })
		work := app.Publisher(w.at("work"))
		w.start(app)
		var own []parley.SendOption
		for i := range 50 {
			own = append(own, parley.Header(fmt.Sprint("mine-", i), "x"))
		}
		m, err := work.Request(w.ctx(), 1000, own...)
		require.NoError(w, err)
		require.Empty(w, m.Headers)
		require.Equal(w, transport.Transient, m.Persistence)
		require.Positive(w, m.Expiration)
		_, err = work.Request(w.ctx(), 1001)
		require.ErrorContains(w, err, "reply of 1001 bytes is over the limit of 1000")
	})
}

// The sender's own copy reaches the victim. Nothing that the service sends on
// does, whatever the handler hands on.
func TestR03CarbonCopiesAreStripped(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(m *parley.Message) *parley.Message {
			return &parley.Message{Body: m.Body, Headers: m.Headers}
		}, parley.PublishTo(w.at("after")))
		after := make(chan *parley.Message, 1)
		app.Subscriber(w.at("after"), func(m *parley.Message) { after <- m })
		w.start(app)
		peer, replies := w.client()
		victim := w.collect(w.at("victim"))
		list := []any{w.at("victim")}
		_, err := peer.Request(w.ctx(), &transport.Publication{Key: w.at("work"), Mandatory: true, Message: &parley.Message{
			Body: []byte("x"), CorrelationID: "c", Headers: parley.Headers{"CC": list, "BCC": list, "x-tenant": "acme"},
		}})
		require.NoError(w, err)
		for _, m := range []*parley.Message{next(w, after), next(w, replies)} {
			require.Equal(w, parley.Headers{"x-tenant": "acme"}, m.Headers)
		}
		next(w, victim)
		nothing(w, victim)
	})
}

func TestR04HeadersAreNotBelieved(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		var runs atomic.Int64
		app.Subscriber(w.at("work"), func(string) error { runs.Add(1); return parley.NewError(parley.CodeAborted, "no") })
		w.start(app)
		peer, _ := w.client()
		failed := w.collect(w.at("work.error"))
		for i, attempt := range []any{int64(-1_000_000), int64(1_000_000), "many", nil} {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), Headers: parley.Headers{
				parley.HeaderFailureAttempt: attempt, parley.HeaderFailureCode: "forged", parley.HeaderError: "not_found",
				"x-delivery-count": int64(7), "x-acquired-count": int64(7),
				"x-death": []any{map[string]any{"count": int64(99), "queue": w.at("work"), "reason": "rejected"}},
			}})
			moved := next(w, failed)
			require.EqualValues(w, 1, moved.Headers[parley.HeaderFailureAttempt])
			require.Equal(w, "aborted", moved.Headers[parley.HeaderFailureCode])
			for _, forged := range []string{"x-death", "x-delivery-count", "x-acquired-count", parley.HeaderError} {
				require.NotContains(w, moved.Headers, forged)
			}
			require.EqualValues(w, i+1, runs.Load(), "as many attempts as an honest message has")
		}
	})
}

// A deadline far away is cut to the handler's time limit, and the reply still
// reaches the caller.
func TestR05DeadlineIsCapped(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		left := make(chan time.Duration, 1)
		app.Subscriber(w.at("work"), func(ctx context.Context, s string) string {
			deadline, _ := ctx.Deadline()
			left <- time.Until(deadline)
			return s
		}, parley.HandlerTimeout(time.Hour))
		work := app.Publisher(w.at("work"))
		w.start(app)
		peer, replies := w.client()
		const tenYears = 10 * 365 * 24 * time.Hour
		_, err := peer.Request(w.ctx(), &transport.Publication{Key: w.at("work"), Mandatory: true, Message: &parley.Message{
			Body: []byte("x"), CorrelationID: "c", Headers: parley.Headers{parley.HeaderDeadline: tenYears.Milliseconds()},
		}})
		require.NoError(w, err)
		require.LessOrEqual(w, next(w, left), time.Hour)
		require.Equal(w, "x", string(next(w, replies).Body))

		got, err := parley.Request[string](context.WithoutCancel(w.ctx()), work, "y", parley.Timeout(tenYears))
		require.NoError(w, err, "a patient caller")
		require.Equal(w, "y", got)
	})
}

// watched counts what it is asked to decode.
type watched struct {
	serialization.Codec
	decoded *atomic.Int64
}

func (c watched) Decode(data []byte, v any) error {
	c.decoded.Add(1)
	return c.Codec.Decode(data, v)
}

func (watched) Handles(t reflect.Type) bool { return t == reflect.TypeFor[order]() }

func TestR06SizeIsCheckedBeforeDecoding(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		decoded := &atomic.Int64{}
		app := w.app(parley.Codec(watched{serialization.JSON(), decoded}))
		app.Subscriber(w.at("work"), func(o order) string { return o.ID })
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		body := []byte(`{"id":"` + strings.Repeat("x", parley.DefaultMaxBody) + `"}`)
		require.NoError(w, work.Publish(w.ctx(), &parley.Message{Body: body, ContentType: "application/json"}))
		moved := next(w, failed)
		require.Equal(w, "invalid_argument", moved.Headers[parley.HeaderFailureCode])
		require.Contains(w, moved.Headers[parley.HeaderFailureReason], fmt.Sprint("over the limit of ", parley.DefaultMaxBody))
		require.Zero(w, decoded.Load())
		got, err := parley.Request[string](w.ctx(), work, order{"a", []item{{1}}})
		require.NoError(w, err, "the consumer lives on")
		require.Equal(w, "a", got)
		require.EqualValues(w, 1, decoded.Load())
	})
}

// Everything that is allocated counts, so the test runs alone.
func TestR07UnpackingIsBounded(t *testing.T) {
	const limit, size = 1 << 20, 128 << 20
	w := newWorld(t, memory.New())
	e := zstd.Encoding()
	app := w.app(parley.MaxBody(limit), parley.Decompress(e))
	ran := make(chan []byte, 1)
	app.Subscriber(w.at("work"), func(b []byte) { ran <- b })
	work := app.Publisher(w.at("work"))
	w.start(app)
	bomb, err := e.Encode(make([]byte, size))
	require.NoError(t, err)
	require.Less(t, len(bomb), 64<<10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = work.Request(w.ctx(), &parley.Message{Body: bomb, ContentEncoding: "zstd"})
	runtime.ReadMemStats(&after)
	require.Equal(t, parley.CodeInvalidArgument, parley.CodeOf(err))
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16*limit))
	nothing(w, ran)
}

// Of a key that comes twice the last one counts; keys without a field are left
// out; nesting and range are bounded.
func TestR08JSON(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(i item) int { return i.Qty })
		app.Subscriber(w.at("any"), func(any) {})
		work, loose := app.Publisher(w.at("work")), app.Publisher(w.at("any"))
		w.start(app)
		ask := func(p *parley.Publisher, body string) (*parley.Message, error) {
			return p.Request(w.ctx(), &parley.Message{Body: []byte(body), ContentType: "application/json"})
		}
		m, err := ask(work, `{"qty":1,"type":"other","qty":2,"__proto__":{}}`)
		require.NoError(w, err)
		require.Equal(w, "2", string(m.Body))
		for _, p := range []*parley.Publisher{work, loose} {
			for _, body := range []string{`{"qty":1e400}`, strings.Repeat(`{"qty":`, 100_000), strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)} {
				_, err := ask(p, body)
				require.Equal(w, parley.CodeInvalidArgument, parley.CodeOf(err), "%.20s: %v", body, err)
			}
		}
	})
}
