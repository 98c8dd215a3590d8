package recording_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/recording"
	"github.com/parley-go/parley/transport"
)

var at = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

func full() recording.Entry {
	return recording.Entry{Time: at, Message: &transport.Message{
		Address: "orders.place", Exchange: "orders", ID: "m1", CorrelationID: "c1", ReplyTo: "receipts", Type: "order",
		AppID: "till", UserID: "guest", ContentType: "application/json", ContentEncoding: "gzip", Timestamp: at,
		Expiration: 1500 * time.Millisecond, Priority: 7, Persistence: transport.Transient, Body: []byte(`{"id":"o1"}`),
		Headers: transport.Headers{
			"text": "a", "int": int64(2), "float": 2.5, "whole": 2.0, "inf": math.Inf(-1), "yes": true, "none": nil,
			"bytes": []byte{0, 255}, "time": at, "list": []any{int64(1), "b", []byte("c")},
			"table": map[string]any{"x": map[string]any{"!y": int64(1)}},
		},
	}}
}

func written(t *testing.T, e recording.Entry) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, recording.Write(&b, e))
	return b.String()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	e := full()
	got, err := recording.Parse([]byte(written(t, e)))
	require.NoError(t, err)
	require.Equal(t, e, got)

	e.Message.Body = []byte{0xff, 0}
	text := written(t, e)
	require.Contains(t, text, `"body_base64":"/wA="`)
	got, err = recording.Parse([]byte(text))
	require.NoError(t, err)
	require.Equal(t, e, got)
}

func TestWhatIsAbsentIsZero(t *testing.T) {
	t.Parallel()
	least := recording.Entry{Message: &transport.Message{Address: "q"}}
	require.Len(t, written(t, least), len("{`address`:`q`}\n"), "nothing else is written")
	got, err := recording.Parse([]byte(`{"address":"q"}`))
	require.NoError(t, err)
	require.Equal(t, least, got)
}

func TestRead(t *testing.T) {
	t.Parallel()
	var ids []string
	for e, err := range recording.Read(strings.NewReader("{\"address\":\"q\",\"id\":\"1\"}\n\n  \n{\"address\":\"q\",\"id\":\"2\"}")) {
		require.NoError(t, err)
		ids = append(ids, e.Message.ID)
	}
	require.Equal(t, []string{"1", "2"}, ids)
}

func TestWhatIsWrongNamesItsLine(t *testing.T) {
	t.Parallel()
	for text, fragment := range map[string]string{
		`{"id":"1"}`:                                      "neither",
		`{"address":"q","addr":"p"}`:                      `unknown field "addr"`,
		`{"address":"q"} {}`:                              "more behind it",
		`{"address":"q","expiration_ms":-1}`:              "expiration_ms",
		`{"address":"q","body":"a","body_base64":"YQ=="}`: "both",
		`{"address":"q","headers":{"a":{"!bytes":1}}}`:    "wanted a text",
		`{"address":"q","headers":{"a":{"!what":"1"}}}`:   "!bytes",
		`{"address":"q","headers":{"a":1e999}}`:           "out of range",
		`[]`:                                              "cannot unmarshal",
	} {
		var last error
		for _, err := range recording.Read(strings.NewReader("\n" + text + "\n")) {
			last = err
		}
		require.ErrorContains(t, last, fragment, text)
		require.ErrorContains(t, last, "recording: line 2: ")
	}
	require.Error(t, recording.Write(&bytes.Buffer{}, recording.Entry{Message: &transport.Message{Headers: transport.Headers{"a": 1i}}}))
}

// Whatever can be read is written so that it reads as the same.
func FuzzParse(f *testing.F) {
	var b bytes.Buffer
	_ = recording.Write(&b, full())
	f.Add(b.Bytes())
	f.Add([]byte(`{"address":"q","headers":{"a":[1,1.5,{"!float":"NaN"},{"!map":{"!bytes":"x"}}]},"body":"\ud800"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := recording.Parse(text)
		if err != nil {
			return
		}
		once := written(t, e)
		again, err := recording.Parse([]byte(once))
		require.NoError(t, err, once)
		require.Equal(t, once, written(t, again))
	})
}
