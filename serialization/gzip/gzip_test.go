package gzip_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/gzip"
)

func encoded(tb testing.TB, data []byte) []byte {
	tb.Helper()
	out, err := gzip.Encoding().Encode(data)
	require.NoError(tb, err)
	return out
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	e := gzip.Encoding()
	require.Equal(t, "gzip", e.Name())
	for range 3 { // what is kept for the next time must be clean
		for _, text := range []string{"", "x", strings.Repeat("parley ", 100_000)} {
			packed := encoded(t, []byte(text))
			got, err := e.Decode(packed, len(text))
			require.NoError(t, err, "just within the limit")
			require.Equal(t, text, string(got))
			if text != "" {
				_, err = e.Decode(packed, len(text)-1)
				require.ErrorIs(t, err, serialization.ErrTooLarge)
				_, err = e.Decode(packed[:len(packed)-3], len(text))
				requireMalformed(t, err)
			}
		}
	}
}

func requireMalformed(tb testing.TB, err error) {
	tb.Helper()
	var e *serialization.Error
	require.ErrorAs(tb, err, &e)
	require.ErrorContains(tb, err, "wanted gzip, got truncated or malformed gzip")
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	good := encoded(t, []byte("body"))
	for name, data := range map[string][]byte{
		"text":         []byte("no compression at all"),
		"head only":    good[:5],
		"more behind":  append(bytes.Clone(good), "garbage"...),
		"wrong digest": flipped(good, len(good)-6),
	} {
		_, err := gzip.Encoding().Decode(data, 1<<20)
		require.Error(t, err, name)
		requireMalformed(t, err)
	}
}

func flipped(data []byte, at int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 0xff
	return data
}

func TestSeveralPartsAreOneBody(t *testing.T) {
	t.Parallel()
	both := append(encoded(t, []byte("one ")), encoded(t, []byte("two"))...)
	got, err := gzip.Encoding().Decode(both, 7)
	require.NoError(t, err)
	require.Equal(t, "one two", string(got))
	_, err = gzip.Encoding().Decode(both, 6)
	require.ErrorIs(t, err, serialization.ErrTooLarge, "the limit is for all parts together")
}

// A bomb costs about its limit and not its size. Everything that is allocated
// counts, so the test runs alone.
func TestBombIsBounded(t *testing.T) {
	const limit, size = 1 << 20, 32 << 20
	bomb := encoded(t, make([]byte, size))
	require.Less(t, len(bomb), limit)
	e := gzip.Encoding()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := e.Decode(bomb, limit)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, serialization.ErrTooLarge)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(6*limit))
}

func FuzzDecode(f *testing.F) {
	packed := encoded(f, []byte(strings.Repeat("parley", 100)))
	for _, seed := range [][]byte{packed, packed[:20], []byte("garbage"), {0x1f, 0x8b}, encoded(f, make([]byte, 1<<20))} {
		f.Add(seed, 1000)
	}
	e := gzip.Encoding()
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		limit = max(limit, 1) % (1 << 20)
		got, err := e.Decode(data, limit)
		if err != nil {
			require.Nil(t, got)
			return
		}
		require.LessOrEqual(t, len(got), limit)
		again, err := e.Decode(encoded(t, got), limit)
		require.NoError(t, err)
		require.Equal(t, string(got), string(again))
	})
}
