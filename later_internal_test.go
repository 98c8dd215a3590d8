package parley

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sampleTicket() *ticket {
	return &ticket{
		replyTo: "receipts", correlationID: "a\xffb", messageID: "m", queue: "place", typ: "shop.Receipt",
		readsErrors: true, deadline: time.UnixMilli(1_800_000_000_123),
	}
}

func TestTicketsComeBack(t *testing.T) {
	t.Parallel()
	keys := [][]byte{[]byte("0123456789abcdef")}
	for _, want := range []*ticket{{}, sampleTicket(), {waiting: true, marked: true, replyTo: strings.Repeat("q", 255)}} {
		for _, keys := range [][][]byte{nil, keys} {
			text := want.seal(keys)
			require.Regexp(t, `^later1\.[A-Za-z0-9_.-]+$`, text)
			got, err := unseal(text, keys)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	endless := &ticket{replyTo: "receipts", deadline: time.Now().Add(math.MaxInt64)}
	_, err := unseal(endless.seal(keys), keys)
	require.NoError(t, err, "a caller who waits for centuries")
	full := strings.Repeat("x", 255)
	longest := &ticket{replyTo: full, correlationID: full, messageID: full, queue: full, typ: full, deadline: time.UnixMilli(maxCount)}
	require.LessOrEqual(t, len(longest.seal(keys)), maxTicket)
	_, err = unseal(longest.seal(keys), keys)
	require.NoError(t, err)
}

func FuzzTicket(f *testing.F) {
	keys := [][]byte{[]byte("0123456789abcdef")}
	f.Add(sampleTicket().seal(nil))
	f.Add(sampleTicket().seal(keys))
	f.Add((&ticket{waiting: true, marked: true}).seal(nil))
	f.Add("later1.")
	f.Add("later1.AAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := unseal(text, keys)
		if err == nil && text != sampleTicket().seal(keys) {
			t.Fatalf("a signature was forged: %q", text)
		}
		got, err := unseal(text, nil)
		if err != nil {
			require.ErrorIs(t, err, ErrBadToken)
			return
		}
		again, err := unseal(got.seal(nil), nil)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

func FuzzTokenOf(f *testing.F) {
	f.Add("parley-token.x.dA")
	f.Add("parley-token.")
	f.Fuzz(func(t *testing.T, id string) {
		if token := tokenOf(id); len(token) > len(id) {
			t.Fatalf("%q has a longer token, %q", id, token)
		}
	})
}
