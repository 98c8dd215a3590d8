package zstd_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	lib "github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/zstd"
)

func encoded(tb testing.TB, data []byte) []byte {
	tb.Helper()
	out, err := zstd.Encoding().Encode(data)
	require.NoError(tb, err)
	return out
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	e := zstd.Encoding()
	require.Equal(t, "zstd", e.Name())
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
	require.ErrorContains(tb, err, "wanted zstd, got truncated or malformed zstd")
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	good := encoded(t, []byte("body"))
	for name, data := range map[string][]byte{
		"text":         []byte("no compression at all"),
		"head only":    good[:5],
		"more behind":  append(bytes.Clone(good), "garbage"...),
		"wrong digest": flipped(good, len(good)-2),
	} {
		_, err := zstd.Encoding().Decode(data, 1<<20)
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
	got, err := zstd.Encoding().Decode(both, 7)
	require.NoError(t, err)
	require.Equal(t, "one two", string(got))
	_, err = zstd.Encoding().Decode(both, 6)
	require.ErrorIs(t, err, serialization.ErrTooLarge, "the limit is for all parts together")
}

// streamed compresses without writing the size in front.
func streamed(tb testing.TB, data []byte, opts ...lib.EOption) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := lib.NewWriter(&out, append(opts, lib.WithEncoderConcurrency(1))...)
	require.NoError(tb, err)
	for len(data) > 0 {
		n := min(len(data), 1<<20)
		_, err = w.Write(data[:n])
		require.NoError(tb, err)
		data = data[n:]
	}
	require.NoError(tb, w.Close())
	return out.Bytes()
}

// A bomb costs about its limit and not its size, whether or not it says its
// size. Everything that is allocated counts, so the test runs alone.
func TestBombIsBounded(t *testing.T) {
	const limit, size = 1 << 20, 96 << 20
	zeros := make([]byte, size)
	e := zstd.Encoding()
	_, err := e.Decode(encoded(t, []byte("warm")), limit)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		bomb []byte
		want uint64
	}{
		"says its size":  {encoded(t, zeros), limit},
		"hides its size": {streamed(t, zeros), 8 * zstd.MinWindow},
		"many parts":     {bytes.Repeat(streamed(t, zeros[:1<<20]), 96), 8 * zstd.MinWindow},
	} {
		require.Less(t, len(c.bomb), limit, name)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := e.Decode(c.bomb, limit)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, serialization.ErrTooLarge, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, c.want, name)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("small ", 1000))
	got, err := zstd.Encoding().Decode(streamed(t, text, lib.WithWindowSize(zstd.MinWindow)), 1<<20)
	require.NoError(t, err, "the window may be larger than the limit")
	require.Equal(t, text, got)
	large := streamed(t, make([]byte, 2*zstd.MinWindow), lib.WithWindowSize(2*zstd.MinWindow))
	_, err = zstd.Encoding().Decode(large, 1<<20)
	require.ErrorContains(t, err, "wanted zstd with a smaller window, got one over 8388608 bytes")
	_, err = zstd.Encoding().Decode(large, 2*zstd.MinWindow)
	require.NoError(t, err)
}

func FuzzDecode(f *testing.F) {
	packed := encoded(f, []byte(strings.Repeat("parley", 100)))
	for _, seed := range [][]byte{packed, packed[:20], []byte("garbage"), {0x28, 0xb5, 0x2f, 0xfd}, streamed(f, make([]byte, 1<<20))} {
		f.Add(seed, 1000)
	}
	e := zstd.Encoding()
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
