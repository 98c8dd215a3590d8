package peer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPercentileIsTheFloorIndex(t *testing.T) {
	t.Parallel()
	var d []time.Duration
	for i := 200; i > 0; i-- {
		d = append(d, time.Duration(i)*time.Microsecond)
	}
	require.InDelta(t, 101, percentile(d, .5), 0)
	require.InDelta(t, 199, percentile(d, .99), 0, "of 200 samples p99 is the second-worst")
	require.InDelta(t, 200, percentile(d, 1), 0)
	require.Zero(t, percentile(nil, .5))
}

var sink []byte

func TestMeterCountsAllocations(t *testing.T) {
	m := startMeter()
	for range 1000 {
		sink = make([]byte, 100)
	}
	result := m.stop(1000)
	require.GreaterOrEqual(t, result.Allocs, 1000.0)
	require.Equal(t, 1000, result.N)
}

func TestSelect(t *testing.T) {
	t.Parallel()
	all, err := Select("")
	require.NoError(t, err)
	require.Len(t, all, len(Names()))
	some, err := Select("W4, W1")
	require.NoError(t, err)
	require.Equal(t, "W1", some[0].Name)
	require.Equal(t, "W4", some[1].Name)
	_, err = Select("W1,W9")
	require.ErrorContains(t, err, `got "W9"`)
}
