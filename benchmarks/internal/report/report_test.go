package report_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/benchmarks/internal/report"
)

func series(rates ...float64) report.Series {
	var s report.Series
	for _, rate := range rates {
		if rate == 0 {
			s = append(s, nil)
			continue
		}
		s = append(s, &report.Run{Rate: rate, Own: 1e6 / rate, Allocs: 10})
	}
	return s
}

func rate(r report.Run) float64 { return r.Rate }

func own(r report.Run) float64 { return r.Own }

func TestMedian(t *testing.T) {
	t.Parallel()
	values := []float64{9, 1, 5}
	require.InDelta(t, 5, report.Median(values), 0)
	require.Equal(t, []float64{9, 1, 5}, values, "the argument stays as it was")
	require.InDelta(t, 3, report.Median([]float64{4, 1, 2, 100}), 0)
	require.True(t, math.IsNaN(report.Median(nil)))
}

func TestCompareIsTheMedianOfRatiosNotTheRatioOfMedians(t *testing.T) {
	t.Parallel()
	a, b := series(10, 100, 40), series(20, 50, 10)
	got := report.Compare(a, b, rate, report.Higher)
	require.Equal(t, report.Ratio{Median: 2, Min: .5, Max: 4, Won: 2, Pairs: 3}, got)
}

func TestCompareCountsOnlyCompletePairs(t *testing.T) {
	t.Parallel()
	a, b := series(10, 0, 30, 40), series(10, 20, 0, 20)
	got := report.Compare(a, b, rate, report.Higher)
	require.Equal(t, report.Ratio{Median: 1.5, Min: 1, Max: 2, Won: 1, Pairs: 2}, got, "a tie is not won")
	require.Equal(t, report.Ratio{}, report.Compare(a, series(0, 0), rate, report.Higher))
}

func TestCompareLowerWins(t *testing.T) {
	t.Parallel()
	got := report.Compare(series(20, 20, 5), series(10, 10, 10), own, report.Lower)
	require.Equal(t, 2, got.Won)
	require.InDelta(t, .5, got.Median, 0)
}

func TestTables(t *testing.T) {
	t.Parallel()
	results := report.Results{
		Facts:    []report.Fact{{Name: "repetitions", Value: "3"}},
		Settings: []report.Fact{{Name: "raw", Value: "by hand"}},
		Failures: []string{"W1, parley, repetition 2: it broke"},
		Workloads: []report.Workload{{Name: "W1", Contenders: []report.Contender{
			{Name: "raw", N: 300, Runs: series(10, 10, 10)},
			{Name: "parley", N: 300, Against: []string{"absent", "raw"}, Runs: series(9, 0, 11)},
		}}},
	}
	require.Equal(t, strings.Join([]string{
		"| workload | contender | against | throughput            | own CPU/op            | all CPU/op | p50 | p99 | allocs/op   |",
		"| -------- | --------- | ------- | --------------------- | --------------------- | ---------- | --- | --- | ----------- |",
		"| W1       | parley    | raw     | 1.00 (0.90..1.10) 1/2 | 1.01 (0.91..1.11) 1/2 | –          | –   | –   | 10.0 : 10.0 |",
	}, "\n")+"\n", results.Ratios())
	page := results.Markdown()
	for _, fragment := range []string{"# Results", "| W1 ", "## Failed runs", "it broke", "repetitions: 3", "**raw**: by hand", "| 2    | 300"} {
		require.Contains(t, page, fragment)
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	results := report.Results{
		Goals: []report.Goal{
			{Workload: "W1", Contender: "parley", Against: "raw", Figure: report.Throughput, Limit: .95},
			{Workload: "W1", Contender: "parley", Against: "raw", Figure: report.OwnCPU, Limit: 1.15},
			{Workload: "W1", Contender: "parley", Against: "absent", Figure: report.OwnCPU, Limit: 1.15},
			{Workload: "W2", Contender: "parley", Against: "raw", Figure: report.OwnCPU, Limit: 1.15},
		},
		Workloads: []report.Workload{{Name: "W1", Contenders: []report.Contender{
			{Name: "raw", Runs: series(10, 10)},
			{Name: "twin", TwinOf: "raw", Runs: series(11, 11)},
			{Name: "parley", Runs: series(9, 9)},
		}}},
	}
	require.Equal(t, strings.Join([]string{
		"| workload | contender | against | figure     | wanted | measured              | met | twin                  |",
		"| -------- | --------- | ------- | ---------- | ------ | --------------------- | --- | --------------------- |",
		"| W1       | parley    | raw     | throughput | ≥ 0.95 | 0.90 (0.90..0.90) 0/2 | no  | 1.10 (1.10..1.10) 2/2 |",
		"| W1       | parley    | raw     | own CPU/op | ≤ 1.15 | 1.11 (1.11..1.11) 0/2 | yes | 0.91 (0.91..0.91) 2/2 |",
	}, "\n")+"\n", results.GoalTable())
	require.Contains(t, results.Markdown(), "## Goals")
}
