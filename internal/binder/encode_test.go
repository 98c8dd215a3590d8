package binder_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	const jsonType, textType = "application/json", "text/plain"
	cases := []struct {
		name        string
		value       any
		contentType string
		body        string
	}{
		{"string", "привет", textType, "привет"},
		{"empty string", "", textType, ""},
		{"named string", title("boss"), textType, "boss"},
		{"pointer to string", ptr("hi"), textType, "hi"},
		{"pointer to pointer to named string", ptr(ptr(title("hi"))), textType, "hi"},
		{"bytes", []byte{0xff, 0}, "", "\xff\x00"},
		{"empty bytes", []byte{}, "", ""},
		{"named bytes", blob("raw"), "", "raw"},
		{"pointer to bytes", ptr([]byte("raw")), "", "raw"},
		{"string with MarshalJSON", shout("hey"), jsonType, `"HEY"`},
		{"pointer to string with MarshalJSON", ptr(shout("hey")), jsonType, `"HEY"`},
		{"bytes with MarshalText on the pointer", hex("ab"), jsonType, `"0xab"`},
		{"raw JSON", json.RawMessage(`{ "a" : 1 }`), jsonType, `{ "a" : 1 }`},
		{"pointer to raw JSON", ptr(json.RawMessage(`[1]`)), jsonType, `[1]`},
		{"nil", nil, "", ""},
		{"nil pointer", (*order)(nil), "", ""},
		{"pointer to nil pointer", ptr((*order)(nil)), "", ""},
		{"nil bytes", []byte(nil), "", ""},
		{"nil named bytes", blob(nil), "", ""},
		{"nil raw JSON", json.RawMessage(nil), "", ""},
		{"nil message", (*transport.Message)(nil), "", ""},
		{"pointer to nil interface", ptr(any(nil)), "", ""},
		{"pointer to filled interface", ptr(any("x")), textType, "x"},
		{"int", 41, jsonType, "41"},
		{"named int", serial(7), jsonType, "7"},
		{"float", 1.5, jsonType, "1.5"},
		{"named float", celsius(-2), jsonType, "-2"},
		{"bool", true, jsonType, "true"},
		{"pointer to int", ptr(0), jsonType, "0"},
		{"struct", receipt{OrderID: "a"}, jsonType, `{"order_id":"a","accepted":false,"lines":0,"total":0}`},
		{"pointer to struct", &item{SKU: "s"}, jsonType, `{"sku":"s","qty":0,"price":0}`},
		{"embedded struct", derived{base{"k"}, 1}, jsonType, `{"kind":"k","n":1}`},
		{"generic struct", page[int]{Items: []int{1}}, jsonType, `{"items":[1],"next":0}`},
		{"map", map[string]int{"a": 1}, jsonType, `{"a":1}`},
		{"nil map", map[string]int(nil), jsonType, `{}`},
		{"nil named map", labels(nil), jsonType, `{}`},
		{"slice", []any{1, "two", nil}, jsonType, `[1,"two",null]`},
		{"nil slice", []string(nil), jsonType, `[]`},
		{"nil named slice", numbers(nil), jsonType, `[]`},
		{"pointer to nil slice", ptr(numbers(nil)), jsonType, `[]`},
		{"array", [2]int{1, 2}, jsonType, `[1,2]`},
		{"time", moment, jsonType, `"2024-11-23T09:34:07Z"`},
		{"pointer to time", &moment, jsonType, `"2024-11-23T09:34:07Z"`},
		{"duration", time.Second, jsonType, `1000000000`},
		{"protobuf", wrapperspb.String("hi"), "application/x-protobuf", "\n\x02hi"},
		{"empty protobuf", wrapperspb.String(""), "application/x-protobuf", ""},
		{"nil protobuf", (*wrapperspb.StringValue)(nil), "", ""},
		{"native message", publishing{[]byte("n"), "x/y"}, "x/y", "n"},
		{"pointer to native message", &publishing{[]byte("n"), "x/y"}, "x/y", "n"},
		{"nil pointer to native message", (*publishing)(nil), "", ""},
		{"message by value", transport.Message{Body: []byte("m"), ContentType: "a/b"}, "a/b", "m"},
		{"response", response[string]{Value: "v"}, textType, "v"},
		{"pointer to response", &response[int]{Value: 3}, jsonType, "3"},
		{"nil pointer to response", (*response[int])(nil), "", ""},
	}
	w := newWire()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := w.Encode(c.value)
			require.NoError(t, err)
			require.Equal(t, c.contentType, m.ContentType)
			require.Equal(t, c.body, string(m.Body))
		})
	}
}

func TestEncodePassesMessagesAsTheyAre(t *testing.T) {
	t.Parallel()
	m := &transport.Message{Body: []byte("x"), ContentType: "a/b", ID: "1"}
	got, err := newWire().Encode(m)
	require.NoError(t, err)
	require.Same(t, m, got)
	got, err = newWire().Encode(&m)
	require.NoError(t, err)
	require.Same(t, m, got)
}

func TestEncodeProtobufByValue(t *testing.T) {
	t.Parallel()
	v := wrapperspb.StringValue{Value: "hi"}
	m, err := newWire().Encode(proto.ValueOrDefault(&v))
	require.NoError(t, err)
	require.Equal(t, "\n\x02hi", string(m.Body))
}

func TestEncodeRefusesWhatHasNoForm(t *testing.T) {
	t.Parallel()
	w := newWire()
	for _, v := range []any{make(chan int), func() {}, math.NaN(), map[bool]int{true: 1}, complex(1, 2)} {
		_, err := w.Encode(v)
		require.ErrorContains(t, err, "as application/json")
	}
	type loop struct{ Next *loop }
	l := &loop{}
	l.Next = l
	_, err := w.Encode(l)
	require.ErrorContains(t, err, "cycle")
}

func TestEncodeEnvelope(t *testing.T) {
	t.Parallel()
	props := &transport.Message{
		ID: "id-1", Priority: 4, Expiration: time.Minute, ContentType: "application/problem+json",
		Headers: transport.Headers{"a": 1},
	}
	w := newWire()
	m, err := w.Encode(response[item]{item{SKU: "s"}, props})
	require.NoError(t, err)
	require.Equal(t, `{"sku":"s","qty":0,"price":0}`, string(m.Body))
	require.Equal(t, "application/problem+json", m.ContentType)
	require.Equal(t, "id-1", m.ID)
	require.Equal(t, uint8(4), m.Priority)
	require.Equal(t, time.Minute, m.Expiration)
	m.SetHeader("b", 2)
	require.Len(t, props.Headers, 1, "the properties stay the handler's own")
	require.Nil(t, props.Body)
}

func TestEncodeEnvelopedMessageKeepsItsOwnProperties(t *testing.T) {
	t.Parallel()
	inner := &transport.Message{
		Body: []byte("x"), ContentType: "a/b", Type: "t", AppID: "app",
		Headers: transport.Headers{"a": 1, "b": 1},
	}
	props := &transport.Message{Headers: transport.Headers{"b": 2}, Type: "u"}
	m, err := newWire().Encode(response[*transport.Message]{inner, props})
	require.NoError(t, err)
	require.Equal(t, transport.Headers{"a": 1, "b": 2}, m.Headers)
	require.Equal(t, []string{"a/b", "u", "app", "x"}, []string{m.ContentType, m.Type, m.AppID, string(m.Body)})
	require.Equal(t, transport.Headers{"a": 1, "b": 1}, inner.Headers)
}

func TestEncodeUsesTheDefaultCodec(t *testing.T) {
	t.Parallel()
	w := binder.NewWire(serialization.NewRegistry(serialization.Default(reverse{})))
	m, err := w.Encode(item{})
	require.NoError(t, err)
	require.Equal(t, "x/reverse", m.ContentType)
	m, err = w.Encode("text stays text")
	require.NoError(t, err)
	require.Equal(t, "text/plain", m.ContentType)
	var got item
	require.NoError(t, w.Decode(&transport.Message{ContentType: "x/reverse", Body: []byte("any")}, &got))
	require.Equal(t, "reversed", got.SKU)
}

// reverse is a codec that proves that it was asked.
type reverse struct{}

func (reverse) ContentType() string        { return "x/reverse" }
func (reverse) Encode(any) ([]byte, error) { return []byte("r"), nil }
func (reverse) Decode(_ []byte, v any) error {
	v.(*item).SKU = "reversed"
	return nil
}
