package binder_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

const (
	none   = ""
	asJSON = "application/json"
	asText = "text/plain"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name        string
		contentType string
		body        string
		want        any // its type is what is decoded into
	}{
		{"text into string", asText, "hé", "hé"},
		{"text with charset", "text/plain; charset=utf-8", "hé", "hé"},
		{"empty text", asText, "", ""},
		{"text into named string", asText, "x", title("x")},
		{"no type into string", none, `"raw"`, `"raw"`},
		{"no type into named string", none, "41", title("41")},
		{"JSON into string", asJSON, `"hi"`, "hi"},
		{"JSON with charset", "Application/JSON; charset=utf-8", `"hi"`, "hi"},
		{"problem JSON", "application/problem+json", `{"sku":"a"}`, item{SKU: "a"}},
		{"text into pointer", asText, "x", ptr("x")},
		{"text into pointers to named string", asText, "x", ptr(ptr(title("x")))},
		{"no type into bytes", none, "\xff", []byte("\xff")},
		{"text into bytes", asText, "hi", []byte("hi")},
		{"JSON into bytes", asJSON, `"aGk="`, []byte(`"aGk="`)},
		{"anything into bytes", "image/png", "\x89", []byte("\x89")},
		{"anything into named bytes", "image/png", "\x89", blob("\x89")},
		{"typed empty body into bytes", asText, "", []byte{}},
		{"JSON into raw JSON", asJSON, ` {"a": 1}`, json.RawMessage(` {"a": 1}`)},
		{"no type into raw JSON", none, `1`, json.RawMessage(`1`)},
		{"null into raw JSON", asJSON, `null`, json.RawMessage(`null`)},
		{"octets into string", "application/octet-stream", "hi", "hi"},
		{"JSON into own JSON string", asJSON, `"LOUD"`, shout("loud")},
		{"text into own JSON string", asText, `LOUD`, shout("loud")},
		{"JSON into own text bytes", asJSON, `"0xab"`, hex("ab")},
		{"text into own text bytes", asText, `0xab`, hex("ab")},
		{"JSON into int", asJSON, "41", 41},
		{"no type into int", none, "41", 41},
		{"text into int", asText, "41", 41},
		{"text into named int", asText, "-7", serial(-7)},
		{"text into unsigned", asText, "255", uint8(255)},
		{"text into float", asText, "1.5", 1.5},
		{"text into bool", asText, "true", true},
		{"text into pointer to int", asText, "3", ptr(3)},
		{"text into time", asText, "2024-11-23T09:34:07Z", moment},
		{"JSON into time", asJSON, `"2024-11-23T09:34:07Z"`, moment},
		{"JSON into struct", asJSON, `{"sku":"s","qty":2,"unknown":[]}`, item{SKU: "s", Qty: 2}},
		{"no type into struct", none, `{"sku":"s"}`, item{SKU: "s"}},
		{"JSON into pointer", asJSON, `{"sku":"s"}`, &item{SKU: "s"}},
		{"JSON into pointer to pointer", asJSON, `{"sku":"s"}`, ptr(&item{SKU: "s"})},
		{"JSON into embedded", asJSON, `{"kind":"k","n":1}`, derived{base{"k"}, 1}},
		{"JSON into generic", asJSON, `{"items":["a"],"next":2}`, page[string]{[]string{"a"}, 2}},
		{"JSON into map", none, `{"a":1}`, map[string]int{"a": 1}},
		{"JSON into named map", asJSON, `{"a":"b"}`, labels{"a": "b"}},
		{"JSON into slice", asJSON, `[1,2]`, []int{1, 2}},
		{"JSON into array", asJSON, `[1,2]`, [2]int{1, 2}},
		{"empty into pointer", none, "", (*item)(nil)},
		{"empty into pointer to string", none, "", (*string)(nil)},
		{"empty into slice", none, "", []int(nil)},
		{"empty into bytes", none, "", []byte(nil)},
		{"empty into map", none, "", labels(nil)},
		{"null into pointer", asJSON, " null\n", (*item)(nil)},
		{"null into slice", asJSON, "null", []int(nil)},
		{"null into map", none, "null", labels(nil)},
		{"last of repeated keys", asJSON, `{"qty":1,"qty":2}`, item{Qty: 2}},
	}
	w := newWire()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := &transport.Message{ContentType: c.contentType, Body: []byte(c.body)}
			got, err := decodeInto(w, m, reflect.TypeOf(c.want))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestDecodeAny(t *testing.T) {
	t.Parallel()
	cases := []struct {
		contentType, body string
		want              any
	}{
		{asText, "41", "41"},
		{asJSON, `{"a":[1,"b"]}`, map[string]any{"a": []any{1.0, "b"}}},
		{none, `{"a":1}`, map[string]any{"a": 1.0}},
		{none, "41", 41.0},
		{none, "abc", []byte("abc")},
		{none, "", nil},
		{asJSON, "null", nil},
		{none, "null", nil},
		{"application/octet-stream", "41", []byte("41")},
	}
	for _, c := range cases {
		got := any("left over")
		require.NoError(t, newWire().Decode(&transport.Message{ContentType: c.contentType, Body: []byte(c.body)}, &got))
		require.Equal(t, c.want, got, "%q as %q", c.body, c.contentType)
	}
}

func TestDecodeMessage(t *testing.T) {
	t.Parallel()
	w, m := newWire(), &transport.Message{ID: "1"}
	var whole *transport.Message
	require.NoError(t, w.Decode(m, &whole))
	require.Same(t, m, whole)
	var value transport.Message
	require.NoError(t, w.Decode(m, &value))
	require.Equal(t, "1", value.ID)
}

func TestDecodeProtobuf(t *testing.T) {
	t.Parallel()
	w := newWire()
	body, err := proto.Marshal(wrapperspb.String("hi"))
	require.NoError(t, err)
	for _, contentType := range []string{"application/x-protobuf", "application/protobuf", none} {
		var got *wrapperspb.StringValue
		require.NoError(t, w.Decode(&transport.Message{ContentType: contentType, Body: body}, &got))
		require.Equal(t, "hi", got.GetValue())
	}
	var value wrapperspb.StringValue
	require.NoError(t, w.Decode(&transport.Message{ContentType: "application/x-protobuf"}, &value))
	require.Empty(t, value.GetValue(), "an empty protobuf body is a message with zero fields")
	err = w.Decode(&transport.Message{ContentType: asJSON, Body: []byte(`{"value":"x"}`)}, &value)
	require.EqualError(t, err, `body: wanted application/x-protobuf, got "application/json"`)
}

func TestDecodeReplacesLeftOvers(t *testing.T) {
	t.Parallel()
	left := &item{SKU: "old"}
	require.NoError(t, newWire().Decode(&transport.Message{ContentType: asJSON, Body: []byte(`{"qty":1}`)}, &left))
	require.Equal(t, &item{Qty: 1}, left)
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name        string
		contentType string
		body        string
		into        any
		want        string
	}{
		{"field path", asJSON, `{"items":[{"qty":1},{"qty":"x"}]}`, order{}, "body: items[1].qty: wanted integer, got string"},
		{"field path behind pointer", asJSON, `{"sku":1}`, &item{}, "body: sku: wanted string, got number"},
		{"malformed", asJSON, `{"sku":`, item{}, "body: wanted JSON, got the end of the data at byte 7"},
		{"no type, malformed", none, `abc`, item{}, "body: wanted JSON, got malformed JSON at byte 1"},
		{"typed empty body", asJSON, ``, item{}, "body: wanted JSON, got nothing"},
		{"number out of range", asJSON, `{"total":1e400}`, order{}, "body: total: wanted number, got number out of range"},
		{"text into struct", asText, `{}`, item{}, "body: wanted object, got plain text"},
		{"text into slice", asText, `[]`, []int{}, "body: wanted array, got plain text"},
		{"text into map", asText, `{}`, labels{}, "body: wanted object, got plain text"},
		{"bad number text", asText, `x41`, 0, "body: wanted integer, got other text"},
		{"too wide number text", asText, `300`, int8(0), "body: wanted integer from -128 to 127, got other text"},
		{"infinite text", asText, `Inf`, 0.0, "body: wanted number, got other text"},
		{"bad bool text", asText, `yes`, true, "body: wanted boolean, got other text"},
		{"text is not UTF-8", asText, "\xff", "", "body: wanted UTF-8 text, got other bytes"},
		{"no type, not UTF-8", none, "\xff", title(""), "body: wanted UTF-8 text, got other bytes"},
		{"JSON number into string", asJSON, `41`, "", "body: wanted string, got number"},
		{"unknown type", "image/png", `x`, item{}, `body: wanted a known content type, got "image/png"`},
		{"unknown type into any", "image/png", `x`, new(any), `body: wanted a known content type, got "image/png"`},
		{"unknown type into string", "image/png", `x`, "", `body: wanted a known content type, got "image/png"`},
		{"refusal of an own method is hidden", asJSON, `"secret"`, shout(""), "body: wanted a valid value, got string"},
		{"octets into struct", "application/octet-stream", `{}`, item{}, "body: wanted object, got bytes without a known form"},
		{"bad time", asJSON, `{"at":"yesterday"}`, withTime{}, "body: at: wanted RFC 3339 time, got string"},
	}
	w := newWire()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := &transport.Message{ContentType: c.contentType, Body: []byte(c.body)}
			_, err := decodeInto(w, m, reflect.TypeOf(c.into))
			require.EqualError(t, err, c.want)
			var input *binder.InputError
			require.ErrorAs(t, err, &input)
			require.Equal(t, "body", input.Part)
		})
	}
}

func TestDecodeEmpty(t *testing.T) {
	t.Parallel()
	w := newWire()
	for _, into := range []any{item{}, "", 0, true, title(""), [2]int{}, moment, shout("")} {
		for _, m := range []*transport.Message{{}, {ContentType: asJSON, Body: []byte(" null ")}} {
			_, err := decodeInto(w, m, reflect.TypeOf(into))
			require.ErrorIs(t, err, binder.ErrEmpty, "%T from %q", into, m.Body)
		}
	}
}

func TestDecodeWantsAPointer(t *testing.T) {
	t.Parallel()
	w := newWire()
	for _, dst := range []any{nil, item{}, (*item)(nil)} {
		require.ErrorContains(t, w.Decode(&transport.Message{}, dst), "wanted a non-nil pointer")
	}
}

func TestDecodeBoundsWhatItQuotes(t *testing.T) {
	t.Parallel()
	long := make([]byte, 4096)
	for i := range long {
		long[i] = '\n'
	}
	var got item
	err := newWire().Decode(&transport.Message{ContentType: string(long), Body: []byte("x")}, &got)
	require.Less(t, len(err.Error()), 300)
	require.NotContains(t, err.Error(), "\n")
}
