package msgpack_test

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	lib "github.com/vmihailenco/msgpack/v5"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/msgpack"
)

type line struct {
	SKU   string          `json:"sku"`
	Qty   int             `msgpack:"quantity" json:"qty"`
	Price float64         `json:"price"`
	At    time.Time       `json:"at"`
	Next  *line           `json:"next"`
	Tags  map[string]bool `json:"tags"`
	Raw   []byte          `json:"raw"`
	Any   any             `json:"any"`
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	c := msgpack.Codec()
	in := line{
		SKU: "s", Qty: -2, Price: 1.5, At: time.Unix(1732354447, 5), Next: &line{At: time.Unix(1, 0)},
		Tags: map[string]bool{"a": true}, Raw: []byte{0, 0xff}, Any: map[string]any{"k": "v"},
	}
	body, err := c.Encode(in)
	require.NoError(t, err)
	var out line
	require.NoError(t, c.Decode(body, &out))
	require.Equal(t, in, out)

	var names map[string]any
	require.NoError(t, c.Decode(body, &names))
	require.Contains(t, names, "sku", "the json tag names a field")
	require.Contains(t, names, "quantity", "the msgpack tag wins")
}

func TestNull(t *testing.T) {
	t.Parallel()
	n := msgpack.Codec().(serialization.Nullable)
	require.True(t, n.Null([]byte{0xc0}))
	require.False(t, n.Null(nil))
	require.False(t, n.Null([]byte{0xc0, 0xc0}))
}

func TestEveryHeadIsUnderstood(t *testing.T) {
	t.Parallel()
	values := []any{
		nil, true, false, 0, 127, 128, 1 << 20, int64(1) << 40, -1, -33, -1000, -100000, int64(-1) << 40,
		float32(1), 1.5, "", "short", strings.Repeat("x", 40), strings.Repeat("x", 300), strings.Repeat("x", 70_000),
		[]byte{}, make([]byte, 300), make([]byte, 70_000), []int{}, []int{1, 2}, make([]int, 20), make([]int, 70_000),
		map[string]int{}, map[string]int{"a": 1}, many(20), many(70_000), [][]int{{}, {1}, {}}, time.Unix(1, 0), time.Unix(1<<35, 1),
	}
	for _, v := range values {
		body, err := lib.Marshal(v)
		require.NoError(t, err)
		var got any
		require.NoError(t, msgpack.Codec().Decode(body, &got), "%T", v)
		for _, cut := range []int{1, 2, len(body) / 2} {
			if cut > 0 && cut < len(body) {
				err := msgpack.Codec().Decode(body[:len(body)-cut], &got)
				require.ErrorContains(t, err, "truncated", "%T less %d", v, cut)
			}
		}
	}
}

func many(n int) map[string]bool {
	m := make(map[string]bool, n)
	for i := range n {
		m[strconv.Itoa(i)] = true
	}
	return m
}

func TestHostileInput(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, data string
		into       any
		want       string
	}{
		{"empty", "", new(any), "wanted MessagePack, got truncated or malformed MessagePack"},
		{"never used", "\xc1", new(any), "got truncated or malformed"},
		{"endless nesting", strings.Repeat("\x91", 1<<20), new(any), "wanted MessagePack nested less deeply, got a level too many at byte 65"},
		{"huge array", "\xdd\xff\xff\xff\xff", new([]int), "got truncated or malformed"},
		{"huge map", "\xdf\x00\xff\xff\xff", new(map[string]int), "got truncated or malformed"},
		{"huge string", "\xdb\xff\xff\xff\xffx", new(string), "got truncated or malformed"},
		{"huge extension", "\xc9\xff\xff\xff\xff\x01", new(any), "got truncated or malformed"},
		{"two values", "\x01\x02", new(any), "wanted one MessagePack value, got more bytes after it at byte 1"},
		{"another type", "\xa1x", new(int), "wanted MessagePack that fits, got another form"},
		{"key that cannot be hashed", "\x81\x91\x01\x01", new(map[any]any), "wanted MessagePack that fits"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := msgpack.Codec().Decode([]byte(c.data), c.into)
			var e *serialization.Error
			require.ErrorAs(t, err, &e)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestNestingUpToTheBound(t *testing.T) {
	t.Parallel()
	fits := strings.Repeat("\x91", msgpack.MaxNesting) + "\x01"
	var v any
	require.NoError(t, msgpack.Codec().Decode([]byte(fits), &v))
	require.Error(t, msgpack.Codec().Decode([]byte("\x91"+fits), &v))
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	_, err := msgpack.Codec().Encode(make(chan int))
	require.ErrorContains(t, err, "msgpack: encode chan int")
}

func TestRegistered(t *testing.T) {
	t.Parallel()
	r := serialization.NewRegistry(msgpack.Codec())
	for _, name := range []string{msgpack.ContentType, "application/x-msgpack", "application/vnd.msgpack; v=5"} {
		c, ok := r.Lookup(name)
		require.True(t, ok)
		require.Equal(t, msgpack.ContentType, c.ContentType())
	}
	require.Equal(t, "application/json", r.For(reflect.TypeFor[line]()).ContentType(), "it is no default by itself")
}

func FuzzDecode(f *testing.F) {
	c := msgpack.Codec()
	full, _ := c.Encode(line{SKU: "s", Next: &line{}, Tags: map[string]bool{"a": true}, Any: []any{1, "x"}})
	for _, seed := range [][]byte{full, {0xc0}, {0x91, 0x91, 0x01}, {0xdd, 0, 0, 0, 2, 1, 1}, {0xc7, 0, 1}, bytes.Repeat([]byte{0x91}, 99)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, into := range []any{new(any), new(line), new([]line), new(map[any]any), new(map[string]line), new(string), new(int8), new(time.Time), new([3]bool)} {
			err := c.Decode(data, into)
			if err == nil {
				if _, err := c.Encode(into); err != nil {
					t.Fatalf("%T was decoded and cannot be encoded: %v", into, err)
				}
				continue
			}
			if _, ok := err.(*serialization.Error); !ok {
				t.Fatalf("wanted an *Error, got %T: %v", err, err)
			}
		}
	})
}
