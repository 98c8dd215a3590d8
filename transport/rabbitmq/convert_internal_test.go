package rabbitmq

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// sleep passes virtual time.
func sleep(d time.Duration) { time.Sleep(d + time.Millisecond) }

func TestHeadersAreNotCopiedWithoutNeed(t *testing.T) {
	h := transport.Headers{"a": "text", "b": int64(1), "c": true, "d": nil, "e": 1.5, "f": []byte("x")}
	var table amqp.Table
	require.Zero(t, testing.AllocsPerRun(100, func() { table, _ = headersOut(h) }))
	require.Equal(t, amqp.Table(h), table)
}

func TestHeadersOut(t *testing.T) {
	t.Parallel()
	h := transport.Headers{
		"int": 1 << 40, "int8": int8(-1), "uint8": uint8(200), "uint16": uint16(1), "uint32": uint32(math.MaxUint32),
		"uint": uint(7), "uint64": uint64(8), "float32": float32(0.5), "strings": []string{"a", "b"},
		"list": []any{1, "x", map[string]any{"n": 2}}, "table": map[string]any{"deep": int32(3)},
	}
	before := maps.Clone(h)
	table, err := headersOut(h)
	require.NoError(t, err)
	require.NoError(t, table.Validate())
	require.Equal(t, before, h)
	require.Equal(t, amqp.Table{
		"int": int64(1 << 40), "int8": int64(-1), "uint8": int64(200), "uint16": int64(1), "uint32": int64(math.MaxUint32),
		"uint": int64(7), "uint64": int64(8), "float32": 0.5, "strings": []any{"a", "b"},
		"list": []any{int64(1), "x", amqp.Table{"n": int64(2)}}, "table": amqp.Table{"deep": int64(3)},
	}, table)
}

func TestMessagesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	loop := map[string]any{}
	loop["self"] = loop
	numbers := slices.Repeat([]any{int64(1)}, maxHeaders/9/2+1)
	for fragment, m := range map[string]*transport.Message{
		`header "a": item 1: item 6822: wanted headers of at most`:      {Headers: transport.Headers{"a": []any{numbers, numbers}}},
		"wanted tables and lists of at most 8192 elements, got 9000":    {Headers: transport.Headers{"a": make([]string, 9000)}},
		"wanted a message id of at most 255 bytes, got 256":             {ID: long},
		"wanted a reply-to of at most 255 bytes":                        {ReplyTo: long},
		"wanted a content type of at most 255 bytes":                    {ContentType: long},
		"wanted an expiration of at least 0, got -1s":                   {Expiration: -time.Second},
		"wanted header names of at most 255 bytes, got one of 256":      {Headers: transport.Headers{long: 1}},
		`header "big": wanted an integer of at most`:                    {Headers: transport.Headers{"big": uint64(math.MaxUint64)}},
		`header "ch": wanted a value that AMQP can carry, got chan int`: {Headers: transport.Headers{"ch": make(chan int)}},
		"wanted at most 32 levels":                                      {Headers: loop},
		"wanted headers of at most":                                     {Headers: transport.Headers{"h": strings.Repeat("x", frameSize)}},
	} {
		_, err := publishing(m)
		require.ErrorContains(t, err, fragment)
	}
}

func TestNativeMessages(t *testing.T) {
	t.Parallel()
	n := NativeMessages()
	headers := amqp.Table{"n": int32(1), "t": amqp.Table{"deep": []any{uint8(2), amqp.Table{"x": int8(3)}}}}
	for _, v := range []any{amqp.Publishing{Headers: headers, Expiration: "0"}, &amqp.Publishing{Headers: headers, Expiration: "0"}} {
		m, err := n.Convert(v)
		require.NoError(t, err)
		require.Equal(t, transport.Headers{
			"n": int64(1), "t": map[string]any{"deep": []any{int64(2), map[string]any{"x": int64(3)}}},
		}, m.Headers)
		require.Positive(t, m.Expiration)
	}
	require.Equal(t, int32(1), headers["n"])
	require.Equal(t, []any{uint8(2), amqp.Table{"x": int8(3)}}, headers["t"].(amqp.Table)["deep"])
	for fragment, v := range map[string]any{
		"got a nil pointer":              (*amqp.Publishing)(nil),
		"got amqp091.Delivery":           amqp.Delivery{},
		`whole milliseconds, got "soon"`: amqp.Publishing{Expiration: "soon"},
	} {
		_, err := n.Convert(v)
		require.ErrorContains(t, err, fragment)
	}
	require.Len(t, n.Outputs(), 2)
	require.Len(t, n.RefusedInputs(), 2)
}

func TestExpirationIsRoundedUp(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "", 1: "1", time.Millisecond: "1", time.Millisecond + 1: "2", time.Minute: "60000"} {
		p, err := publishing(&transport.Message{Expiration: d})
		require.NoError(t, err)
		require.Equal(t, want, p.Expiration)
	}
}

func TestArgumentsAreNarrow(t *testing.T) {
	t.Parallel()
	got, err := arguments(topology.Arguments{"a": int64(5), "b": int64(math.MaxInt32) + 1, "c": "x"})
	require.NoError(t, err)
	require.Equal(t, amqp.Table{"a": int32(5), "b": int64(math.MaxInt32) + 1, "c": "x"}, got)
}

func TestMessagesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 40, 255)
		m := &transport.Message{
			Body: []byte(text.Draw(t, "body")), ContentType: text.Draw(t, "type"), ID: text.Draw(t, "id"),
			CorrelationID: text.Draw(t, "correlation"), ReplyTo: text.Draw(t, "reply-to"), AppID: text.Draw(t, "app"),
			Expiration:  time.Duration(rapid.IntRange(0, 1e9).Draw(t, "expiration")) * time.Millisecond,
			Priority:    rapid.Uint8().Draw(t, "priority"),
			Persistence: rapid.SampledFrom([]transport.Persistence{transport.Transient, transport.Persistent}).Draw(t, "persistence"),
			Headers:     transport.Headers{"a": text.Draw(t, "header"), "b": rapid.Int64().Draw(t, "number")},
		}
		p, err := publishing(m)
		require.NoError(t, err)
		got, err := messageOf(&p)
		require.NoError(t, err)
		require.Equal(t, m, got)
	})
}

// A broker that does not know a header leaves it to the sender.
func TestHighestDeliveryCount(t *testing.T) {
	t.Parallel()
	for want, h := range map[int]transport.Headers{
		0:             {"x-acquired-count": int64(-1), "x-delivery-count": "many"},
		3:             {"x-acquired-count": int64(0), "x-delivery-count": int64(3)},
		5:             {"x-acquired-count": int64(5), "x-delivery-count": int64(3)},
		math.MaxInt32: {"x-delivery-count": int64(math.MaxInt64)},
	} {
		require.Equal(t, want, deliveryCount(h))
	}
}

func FuzzReceived(f *testing.F) {
	f.Add("60000", int64(3), "key")
	f.Add("-1", int64(math.MinInt64), "x-acquired-count")
	f.Add("99999999999999999999", int64(math.MaxInt64), "")
	f.Fuzz(func(t *testing.T, expiration string, count int64, key string) {
		m := received(&amqp.Delivery{Expiration: expiration, Headers: amqp.Table{
			"x-delivery-count": count, key: []any{amqp.Decimal{Scale: 200, Value: 1}, amqp.Table{key: uint16(1)}},
		}}, time.Now())
		require.GreaterOrEqual(t, m.Expiration, time.Duration(0))
		require.GreaterOrEqual(t, m.DeliveryCount, 0)
	})
}

func FuzzEndpoint(f *testing.F) {
	f.Add("amqp://guest:guest@localhost:5672/")
	f.Add("amqps://user:s3cr3t@[::1]/%2f?heartbeat=5")
	f.Add("amqp://a:b:c@:0/x/y")
	f.Fuzz(func(t *testing.T, raw string) {
		e, err := newConfig(raw, nil).endpoint(raw)
		if err != nil {
			return
		}
		require.NotEmpty(t, e.host)
		again, err := newConfig("", nil).endpoint(e.String())
		require.NoError(t, err, "%q", e.String())
		require.Equal(t, e.vhost, again.vhost)
		require.Equal(t, e.address(), again.address())
	})
}

func FuzzClassify(f *testing.F) {
	for _, s := range []string{"", "amq.rabbitmq.reply-to.x", "amq.gen-x", "amq.topic", "q.error", "q|x", "orders"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got := classify(address)
		if got == transport.ReplyNamed {
			require.False(t, topology.IsErrorQueue(address))
			require.False(t, strings.HasPrefix(address, "amq."))
			require.NotContains(t, address, "|")
			require.NotEmpty(t, address)
			require.LessOrEqual(t, len(address), 255)
		}
	})
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]transport.ReplyClass{
		"amq.rabbitmq.reply-to.g1h2.Ab/+=": transport.ReplyWaiting,
		"amq.gen-AbC":                      transport.ReplyWaiting,
		"receipts":                         transport.ReplyNamed,
		"":                                 transport.ReplyForbidden,
		"amq.rabbitmq.reply-to":            transport.ReplyForbidden,
		"amq.topic":                        transport.ReplyForbidden,
		"orders.place.error":               transport.ReplyForbidden,
		"victim|exchange":                  transport.ReplyForbidden,
		strings.Repeat("x", 256):           transport.ReplyForbidden,
	} {
		require.Equal(t, want, classify(address), address)
	}
}

func TestOptionsNameThemselves(t *testing.T) {
	t.Parallel()
	require.Equal(t, "rabbitmq.Login", Login("user", "secret").String())
	require.Equal(t, "rabbitmq amqp://h:5672/%2F, amqps://i:5671/v", New("amqp://u:secret@h", Hosts("amqps://i/v")).String())
}
