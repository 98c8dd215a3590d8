// Package report turns runs into medians of paired ratios and writes them as
// tables.
package report

import (
	"math"
	"slices"
)

// Run is what one contender measured in one repetition. A value of 0 is
// unknown.
type Run struct {
	Rate     float64 // operations per second
	Own, All float64 // CPU microseconds per operation: client and server; with the broker
	P50, P99 float64 // latency in microseconds
	Allocs   float64 // heap allocations per operation, client and server
}

// Series are the runs of one contender, one place per repetition; nil where
// the run failed.
type Series []*Run

// Better says which of two figures wins a pair.
type Better int

// The two directions.
const (
	Higher Better = iota // throughput
	Lower                // CPU, latency
)

// Ratio compares two contenders over their pairs.
type Ratio struct {
	Median, Min, Max float64
	Won              int // pairs in which the first contender was strictly better
	Pairs            int // repetitions in which both have the figure
}

// Compare divides a's figure by b's in each repetition that has both. It
// returns the zero Ratio where none has.
func Compare(a, b Series, figure func(Run) float64, better Better) Ratio {
	var ratios []float64
	won := 0
	for i := range min(len(a), len(b)) {
		if a[i] == nil || b[i] == nil {
			continue
		}
		x, y := figure(*a[i]), figure(*b[i])
		if x <= 0 || y <= 0 {
			continue
		}
		ratios = append(ratios, x/y)
		if (better == Higher && x > y) || (better == Lower && x < y) {
			won++
		}
	}
	if len(ratios) == 0 {
		return Ratio{}
	}
	return Ratio{Median: Median(ratios), Min: slices.Min(ratios), Max: slices.Max(ratios), Won: won, Pairs: len(ratios)}
}

// Median returns the middle value, or the mean of the two in the middle; NaN
// without any. It does not change its argument.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// typical returns the median of a figure over the runs that have it, or 0.
func (s Series) typical(figure func(Run) float64) float64 {
	var values []float64
	for _, run := range s {
		if run != nil && figure(*run) > 0 {
			values = append(values, figure(*run))
		}
	}
	if len(values) == 0 {
		return 0
	}
	return Median(values)
}

func rate(r Run) float64   { return r.Rate }
func own(r Run) float64    { return r.Own }
func all(r Run) float64    { return r.All }
func p50(r Run) float64    { return r.P50 }
func p99(r Run) float64    { return r.P99 }
func allocs(r Run) float64 { return r.Allocs }
