package suite

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/benchmarks/internal/peer"
)

func TestParseStatAddsUserAndSystem(t *testing.T) {
	t.Parallel()
	stat := "42 (beam (1) x) S 1 42 42 0 -1 4194560 100 0 5 0 250 50 7 9 20 0 20 0 100 0 0"
	require.Equal(t, 3*time.Second, parseStat([]byte(stat)))
	require.Zero(t, parseStat([]byte("42 (beam) S 1")))
}

func TestLoadRange(t *testing.T) {
	t.Parallel()
	require.Equal(t, "unknown", newLoadRange().String())
	require.Equal(t, "0.5 to 2.0", (&loadRange{low: .5, high: 2}).String())
}

func TestFiguresArePerOperation(t *testing.T) {
	t.Parallel()
	client := peer.Result{N: 100, Seconds: 2, User: .001, System: .001, P50: 5, P99: 9, Allocs: 1000}
	server := peer.Result{Seconds: 3, User: .002, Allocs: 500}
	run := figures(100, 6*time.Millisecond, client, server)
	require.InDelta(t, 50, run.Rate, 1e-9)
	require.InDelta(t, 40, run.Own, 1e-9)
	require.InDelta(t, 100, run.All, 1e-9)
	require.InDelta(t, 15, run.Allocs, 1e-9)
	require.InDelta(t, 9, run.P99, 1e-9)
	require.Zero(t, figures(100, 0, client).All, "unknown without the broker's time")
}

func TestFirstTrialGivesEveryCallerWork(t *testing.T) {
	t.Parallel()
	require.Equal(t, 200, firstTrial(peer.Workload{MaxN: 60_000}))
	require.Equal(t, 4096, firstTrial(peer.Workload{Callers: 512, MaxN: 30_000}))
}
