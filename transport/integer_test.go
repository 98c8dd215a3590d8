package transport_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

func TestInteger(t *testing.T) {
	t.Parallel()
	for _, v := range []any{7, int8(7), int16(7), int32(7), int64(7), uint(7), uint8(7), uint16(7), uint32(7), uint64(7)} {
		n, ok, err := transport.Integer(v)
		require.NoError(t, err)
		require.True(t, ok, "%T", v)
		require.EqualValues(t, 7, n)
	}
	_, ok, err := transport.Integer(uint64(math.MaxUint64))
	require.True(t, ok)
	require.ErrorContains(t, err, "hint")
	for _, v := range []any{nil, "7", 7.0, true} {
		_, ok, _ := transport.Integer(v)
		require.False(t, ok, "%T", v)
	}
}
