package serialization_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/serialization"
)

type line struct {
	SKU   string    `json:"sku"`
	Qty   int       `json:"qty"`
	Small int8      `json:"small"`
	Byte  uint8     `json:"byte"`
	Count uint      `json:"count"`
	Price float64   `json:"price"`
	Gift  *bool     `json:"gift"`
	Raw   []byte    `json:"raw"`
	At    time.Time `json:"at"`
	Mood  mood      `json:"mood"`
}

type order struct {
	line
	Items  []line          `json:"items"`
	ByName map[string]line `json:"by_name"`
	Grid   [][]int         `json:"grid"`
	Ids    map[int]string  `json:"ids"`
	Deep   struct {
		Er []map[string]*order `json:"er"`
	} `json:"deep"`
	Plain int
}

// mood refuses everything but "good" with a text that must not travel.
type mood string

func (m *mood) UnmarshalText(b []byte) error {
	if string(b) != "good" {
		return errors.New("serialization_test.mood refuses " + string(b))
	}
	*m = mood(b)
	return nil
}

func TestJSONErrors(t *testing.T) {
	t.Parallel()
	cases := []struct{ body, want string }{
		{`{"items":[{"qty":1},{"qty":"x"}]}`, "items[1].qty: wanted integer, got string"},
		{`{"sku":5}`, "sku: wanted string, got number"},
		{`{"sku":true}`, "sku: wanted string, got boolean"},
		{`{"qty":{}}`, "qty: wanted integer, got object"},
		{`{"qty":[1]}`, "qty: wanted integer, got array"},
		{`{"qty":1.5}`, "qty: wanted integer, got number with a fraction or an exponent"},
		{`{"qty":99999999999999999999}`, "qty: wanted integer, got number out of range"},
		{`{"small":300}`, "small: wanted integer from -128 to 127, got number out of range"},
		{`{"byte":-1}`, "byte: wanted integer from 0 to 255, got number out of range"},
		{`{"count":-1}`, "count: wanted non-negative integer, got number out of range"},
		{`{"price":1e400}`, "price: wanted number, got number out of range"},
		{`{"gift":"yes"}`, "gift: wanted boolean, got string"},
		{`{"raw":7}`, "raw: wanted base64 string, got number"},
		{`{"raw":"%"}`, "raw: wanted base64 string, got string"},
		{`{"items":{}}`, "items: wanted array, got object"},
		{`{"items":[[]]}`, "items[0]: wanted object, got array"},
		{`{"by_name":{"a":{},"b":{"qty":""}}}`, "by_name.b.qty: wanted integer, got string"},
		{`{"by_name":{"a b":{"qty":""}}}`, `by_name["a b"].qty: wanted integer, got string`},
		{`{"by_name":{"a\nb":1}}`, `by_name["a\nb"]: wanted object, got number`},
		{`{"grid":[[1],[2,"x"]]}`, "grid[1][1]: wanted integer, got string"},
		{`{"ids":{"x":"a"}}`, "ids.x: wanted integer, got number out of range"},
		{`{"deep":{"er":[{"k":{"deep":{"er":[{},{"l":{"qty":""}}]}}}]}}`, "deep.er[0].k.deep.er[1].l.qty: wanted integer, got string"},
		{`{"Plain":""}`, "Plain: wanted integer, got string"},
		{`[]`, "wanted object, got array"},
		{` { "a,]\\\"" : [1, "{"] , "items" : [ { } , [ ] ] } `, "items[1]: wanted object, got array"},
		{`{"grid":[[], [-1e0, null, true]]}`, "grid[1][0]: wanted integer, got number with a fraction or an exponent"},
		{`{"grid":[[-1, null, true]]}`, "grid[0][2]: wanted integer, got boolean"},
		{`{"by_\u006eame":{"a":1}}`, "by_name.a: wanted object, got number"},
		{`"x"`, "wanted object, got string"},
		{`{"at":"yesterday"}`, "at: wanted RFC 3339 time, got string"},
		{`{"items":[{},{"at":"yesterday"}]}`, "items[1].at: wanted RFC 3339 time, got string"},
		{`{"items":[{"mood":"bad"}]}`, "items[0].mood: wanted a valid value, got string"},
		{`{"by_name":{"z":{},"a":{"mood":"bad"}}}`, "by_name.a.mood: wanted a valid value, got string"},
		{``, "wanted JSON, got nothing"},
		{`{"sku":`, "wanted JSON, got the end of the data at byte 7"},
		{`{"sku":x}`, "wanted JSON, got malformed JSON at byte 8"},
		{`{} {}`, "wanted JSON, got malformed JSON at byte 4"},
		{strings.Repeat("[", 100_000), "wanted JSON nested less deeply, got a level too many at byte 10001"},
	}
	for _, c := range cases {
		err := serialization.JSON().Decode([]byte(c.body), new(order))
		var e *serialization.Error
		require.ErrorAs(t, err, &e, c.body)
		require.Equal(t, c.want, err.Error(), "from %.60q", c.body)
		require.Error(t, errors.Unwrap(err))
	}
}

func TestJSONErrorIsNotLocatedInALargeBody(t *testing.T) {
	t.Parallel()
	body := `["` + strings.Repeat(`good","`, 20_000) + `bad"]`
	err := serialization.JSON().Decode([]byte(body), new([]mood))
	require.EqualError(t, err, "wanted other values in the array")
}

func TestJSONErrorsStayShort(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k", 10_000)
	nested := strings.Repeat(`{"`+key+`":`, 50) + `1` + strings.Repeat("}", 50)
	type chain map[string]chain
	err := serialization.JSON().Decode([]byte(nested), new(chain))
	require.ErrorContains(t, err, "wanted object, got number")
	require.Less(t, len(err.Error()), 350)

	deep := strings.Repeat(`[`, 9000) + `"x"` + strings.Repeat("]", 9000)
	type tower []tower
	err = serialization.JSON().Decode([]byte(deep), new(tower))
	require.ErrorContains(t, err, "[0][0]")
	require.Less(t, len(err.Error()), 350)
}

func TestJSONRoundTrip(t *testing.T) {
	t.Parallel()
	c := serialization.JSON()
	require.Equal(t, "application/json", c.ContentType())
	in := line{SKU: "<é>", Qty: 3, Mood: "good", At: time.Unix(1732354447, 0).UTC()}
	body, err := c.Encode(in)
	require.NoError(t, err)
	var out line
	require.NoError(t, c.Decode(body, &out))
	require.Equal(t, in, out)
	_, err = c.Encode(make(chan int))
	require.Error(t, err)
}

func TestJSONNull(t *testing.T) {
	t.Parallel()
	n := serialization.JSON().(serialization.Nullable)
	for body, want := range map[string]bool{
		"null": true, " null\n": true, "nul": false, "null null": false, `"null"`: false, "": false, "NULL": false,
	} {
		require.Equal(t, want, n.Null([]byte(body)), "%q", body)
	}
}

func TestErrorReason(t *testing.T) {
	t.Parallel()
	e := &serialization.Error{Path: "a.b", Wanted: "integer", Got: "string"}
	require.Equal(t, "wanted integer, got string", e.Reason())
	require.Equal(t, "a.b: wanted integer, got string", e.Error())
	require.Equal(t, "wanted x", (&serialization.Error{Wanted: "x"}).Error())
}

// FuzzJSON: no panic, and a refusal is an *Error of bounded length that agrees
// with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, body := range []string{
		`{"items":[{"qty":1},{"qty":"x"}]}`, `{"by_name":{"a":{"at":"x"}}}`, `null`, ``, `[[[`, `{"ids":{"x":"y"}}`, `{"mood":"bad"}`, "{\"\xff\":1}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, want order
		err := serialization.JSON().Decode(body, &got)
		if plain := json.Unmarshal(body, &want); (plain == nil) != (err == nil) {
			t.Fatalf("encoding/json says %v, we say %v", plain, err)
		}
		if err == nil {
			return
		}
		if _, ok := err.(*serialization.Error); !ok || len(err.Error()) > 400 {
			t.Fatalf("wanted a short *Error, got %T: %v", err, err)
		}
	})
}
