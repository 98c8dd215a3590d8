package serialization_test

import (
	"math"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/serialization"
)

func TestTextRoundTrip(t *testing.T) {
	t.Parallel()
	c := serialization.Text()
	for text, v := range map[string]any{
		"héllo":                "héllo",
		"":                     "",
		"x":                    word("x"),
		"bytes":                []byte("bytes"),
		"chunk":                chunk("chunk"),
		"true":                 true,
		"-7":                   int8(-7),
		"18446744073709551615": uint64(math.MaxUint64),
		"1.5":                  1.5,
		"5000000":              5e6,
		"1e+300":               1e300,
		"0.1":                  float32(0.1),
		"2024-11-23T09:34:07Z": time.Date(2024, 11, 23, 9, 34, 7, 0, time.UTC),
		"10.0.0.1":             netip.MustParseAddr("10.0.0.1"),
	} {
		body, err := c.Encode(v)
		require.NoError(t, err)
		require.Equal(t, text, string(body))
		got := reflect.New(reflect.TypeOf(v))
		require.True(t, serialization.IsText(got.Elem().Type()), "%T", v)
		require.NoError(t, c.Decode(body, got.Interface()))
		require.Equal(t, v, got.Elem().Interface())
	}
	var v any
	require.NoError(t, c.Decode([]byte("41"), &v))
	require.Equal(t, "41", v)
}

func TestTextRefuses(t *testing.T) {
	t.Parallel()
	c := serialization.Text()
	for _, v := range []any{nil, line{}, []int{1}, map[string]int{}, (*int)(nil)} {
		_, err := c.Encode(v)
		require.ErrorContains(t, err, "wanted a value with a text form")
	}
	cases := []struct {
		text string
		into any
		want string
	}{
		{"x", new(int), "wanted integer, got other text"},
		{"", new(int), "wanted integer, got other text"},
		{" 1", new(int), "wanted integer, got other text"},
		{"256", new(uint8), "wanted integer from 0 to 255, got other text"},
		{"NaN", new(float64), "wanted number, got other text"},
		{"-Inf", new(float64), "wanted number, got other text"},
		{"1e999", new(float64), "wanted number, got other text"},
		{"ja", new(bool), "wanted boolean, got other text"},
		{"now", new(time.Time), "wanted RFC 3339 time, got other text"},
		{"bad", new(mood), "wanted a valid value, got other text"},
		{"{}", new(line), "wanted object, got plain text"},
		{"[]", new([]int), "wanted array, got plain text"},
		{"\xff", new(string), "wanted UTF-8 text, got other bytes"},
	}
	for _, c := range cases {
		require.EqualError(t, serialization.Text().Decode([]byte(c.text), c.into), c.want)
	}
	for _, v := range []any{line{}, []int{}, map[string]int{}, new(int), complex(1, 1)} {
		require.False(t, serialization.IsText(reflect.TypeOf(v)), "%T", v)
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	c := serialization.Bytes()
	require.Empty(t, c.ContentType())
	for _, v := range []any{[]byte("x"), chunk("x"), "x", word("x")} {
		body, err := c.Encode(v)
		require.NoError(t, err)
		got := reflect.New(reflect.TypeOf(v))
		require.NoError(t, c.Decode(body, got.Interface()))
		require.Equal(t, v, got.Elem().Interface())
	}
	data := []byte("x")
	var v any
	require.NoError(t, c.Decode(data, &v))
	data[0] = 'y'
	require.Equal(t, []byte("x"), v, "a codec does not keep data")
	_, err := c.Encode(1)
	require.ErrorContains(t, err, "wanted a byte slice or a string, got int")
	require.ErrorContains(t, c.Decode(data, new(line)), "wanted object")
	require.ErrorContains(t, c.Decode(data, new(mood)), "wanted a valid value")
	require.ErrorContains(t, c.Decode([]byte("\xff"), new(string)), "wanted UTF-8 text")
}

// FuzzText: no panic, and what is taken reads back from its own text.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "41", "-1", "1e3", "true", "2024-11-23T09:34:07Z", "good", "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := serialization.Text()
		for _, into := range []any{new(string), new(word), new(int), new(uint16), new(float32), new(bool), new(time.Time), new(mood), new(chunk), new(line)} {
			if c.Decode(data, into) != nil {
				continue
			}
			value := reflect.ValueOf(into).Elem()
			form, err := c.Encode(value.Interface())
			if err != nil {
				t.Fatal(err)
			}
			again := reflect.New(value.Type())
			if err := c.Decode(form, again.Interface()); err != nil {
				t.Fatalf("%T: %q became %q: %v", into, data, form, err)
			}
		}
	})
}
