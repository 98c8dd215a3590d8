package cbor_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/cbor"
)

type line struct {
	SKU  string    `json:"sku"`
	Qty  int       `json:"qty"  cbor:"quantity"`
	At   time.Time `json:"at"`
	Next *line     `json:"next"`
	Raw  []byte    `json:"raw"`
	Any  any       `json:"any"`
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	c := cbor.Codec()
	at := time.Date(2024, 11, 23, 9, 34, 7, 5, time.UTC)
	in := line{SKU: "s", Qty: -2, At: at, Next: &line{At: at}, Raw: []byte{0xff}, Any: map[string]any{"k": "v"}}
	body, err := c.Encode(in)
	require.NoError(t, err)
	var out line
	require.NoError(t, c.Decode(body, &out))
	require.Equal(t, in, out)

	var names map[string]any
	require.NoError(t, c.Decode(body, &names))
	require.Contains(t, names, "sku", "the json tag names a field")
	require.Contains(t, names, "quantity", "the cbor tag wins")
}

func TestNull(t *testing.T) {
	t.Parallel()
	n := cbor.Codec().(serialization.Nullable)
	require.True(t, n.Null([]byte{0xf6}))
	require.True(t, n.Null([]byte{0xf7}))
	require.False(t, n.Null([]byte{0xf5}))
	require.False(t, n.Null(nil))
}

func TestHostileInput(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, data string
		into       any
		want       string
	}{
		{"empty", "", new(any), "wanted CBOR that fits, got other bytes"},
		{"endless nesting", strings.Repeat("\x81", 1<<20), new(any), "wanted CBOR that fits"},
		{"huge array", "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", new([]int), "wanted CBOR that fits"},
		{"array as long as memory", "\x9a\x7f\xff\xff\xff", new([]int), "wanted CBOR that fits"},
		{"huge string", "\x7b\x00\xff\xff\xff\xff\xff\xff\xff", new(string), "wanted CBOR that fits"},
		{"repeated key", "\xa2\x61a\x01\x61a\x02", new(map[string]int), "wanted CBOR that fits"},
		{"not UTF-8", "\x61\xff", new(string), "wanted CBOR that fits"},
		{"two values", "\x01\x02", new(any), "wanted CBOR that fits"},
		{"another type", "\x61x", new(int), "wanted another type, got CBOR UTF-8 text string"},
		{"another type in a field", "\xa1\x63sku\x01", new(line), "sku: wanted another type, got CBOR positive integer"},
		{"key that cannot be hashed", "\xa1\x81\x01\x01", new(map[any]any), "wanted CBOR that fits"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := cbor.Codec().Decode([]byte(c.data), c.into)
			var e *serialization.Error
			require.ErrorAs(t, err, &e)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "cbor_test")
		})
	}
}

func TestNestingUpToTheBound(t *testing.T) {
	t.Parallel()
	var v any
	require.NoError(t, cbor.Codec().Decode([]byte(strings.Repeat("\x81", cbor.MaxNesting)+"\x01"), &v))
	require.Error(t, cbor.Codec().Decode([]byte(strings.Repeat("\x81", cbor.MaxNesting+1)+"\x01"), &v))
}

func TestRegistered(t *testing.T) {
	t.Parallel()
	r := serialization.NewRegistry(serialization.Default(cbor.Codec()))
	require.Equal(t, cbor.ContentType, r.For(reflect.TypeFor[line]()).ContentType())
	_, ok := r.Lookup("application/cbor")
	require.True(t, ok)
}

func FuzzDecode(f *testing.F) {
	c := cbor.Codec()
	full, _ := c.Encode(line{SKU: "s", Next: &line{}, Any: []any{1, "x"}})
	for _, seed := range []string{string(full), "\xf6", "\x81\x81\x01", "\xa1\x61a\x01", "\x9f\xff", "\xc0\x61x", strings.Repeat("\x81", 99)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, into := range []any{new(any), new(line), new([]line), new(map[any]any), new(map[string]line), new(string), new(int8), new(time.Time), new([3]bool)} {
			err := c.Decode(data, into)
			if err == nil {
				continue
			}
			if _, ok := errors.AsType[*serialization.Error](err); !ok {
				t.Fatalf("wanted an *Error, got %T: %v", err, err)
			}
		}
	})
}
