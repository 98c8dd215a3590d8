package report

import (
	"fmt"
	"math"
	"strings"
)

// Results are all figures of one run of the suite.
type Results struct {
	Facts     []Fact // settings and versions, in order
	Workloads []Workload
	Settings  []Fact // contender and how it is set
	Goals     []Goal
	Failures  []string // runs that failed, one line each
}

// Fact is one line about how the figures came to be.
type Fact struct{ Name, Value string }

// Workload holds the contenders that ran one workload, in order of registration.
type Workload struct {
	Name, Title string
	Contenders  []Contender
}

// Contender is one contender's part in a workload.
type Contender struct {
	Name    string
	Against []string // references; those absent from the workload are left out
	TwinOf  string   // the reference whose code this is, empty if it is its own
	N       int      // operations per run
	Runs    Series
}

func (w Workload) find(name string) (Contender, bool) {
	for _, c := range w.Contenders {
		if c.Name == name {
			return c, true
		}
	}
	return Contender{}, false
}

// Ratios returns the table of paired comparisons.
func (r Results) Ratios() string {
	t := table{head: []string{
		"workload", "contender", "against", "throughput", "own CPU/op", "all CPU/op", "p50", "p99", "allocs/op",
	}}
	for _, w := range r.Workloads {
		for _, c := range w.Contenders {
			for _, name := range c.Against {
				if reference, ok := w.find(name); ok {
					t.add(comparison(w.Name, c, reference)...)
				}
			}
		}
	}
	return t.String()
}

func comparison(workload string, c, reference Contender) []string {
	cell := func(figure func(Run) float64, better Better) string {
		return Compare(c.Runs, reference.Runs, figure, better).String()
	}
	return []string{
		workload, c.Name, reference.Name,
		cell(rate, Higher), cell(own, Lower), cell(all, Lower), cell(p50, Lower), cell(p99, Lower),
		pair(c.Runs.typical(allocs), reference.Runs.typical(allocs)),
	}
}

// String gives median, range and pairs won, or a dash where nothing is known.
func (r Ratio) String() string {
	if r.Pairs == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s..%s) %d/%d", short(r.Median), short(r.Min), short(r.Max), r.Won, r.Pairs)
}

func pair(a, b float64) string {
	if a == 0 || b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f : %.1f", a, b)
}

// short keeps three significant digits below 10, two places at most.
func short(x float64) string {
	if x >= 10 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.2f", math.Round(x*100)/100)
}

// Absolutes returns the table of medians, which belong to the machine.
func (r Results) Absolutes() string {
	t := table{head: []string{
		"workload", "contender", "runs", "operations per run", "per second", "own CPU µs/op", "all CPU µs/op", "p50 µs", "p99 µs", "allocs/op",
	}}
	for _, w := range r.Workloads {
		for _, c := range w.Contenders {
			t.add(
				w.Name, c.Name, fmt.Sprint(c.Runs.good()), fmt.Sprint(c.N),
				figure(c.Runs.typical(rate)), figure(c.Runs.typical(own)), figure(c.Runs.typical(all)),
				figure(c.Runs.typical(p50)), figure(c.Runs.typical(p99)), figure(c.Runs.typical(allocs)),
			)
		}
	}
	return t.String()
}

func (s Series) good() int {
	n := 0
	for _, run := range s {
		if run != nil {
			n++
		}
	}
	return n
}

func figure(x float64) string {
	switch {
	case x == 0:
		return "–"
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}

// Markdown returns the whole page.
func (r Results) Markdown() string {
	var b strings.Builder
	b.WriteString("# Results\n\nWritten by `go run ./benchmarks`; README.md beside it says what is measured and how.\n\n")
	b.WriteString("## Ratios\n\n" + reading + "\n" + r.Ratios())
	if goals := r.GoalTable(); goals != "" {
		b.WriteString("\n## Goals\n\nA goal that is missed or met by less than the twin's distance from 1.00 is undecided.\n\n" + goals)
	}
	if len(r.Failures) > 0 {
		b.WriteString("\n## Failed runs\n\n")
		for _, failure := range r.Failures {
			b.WriteString("- " + failure + "\n")
		}
	}
	b.WriteString("\n## How\n\n")
	for _, fact := range r.Facts {
		fmt.Fprintf(&b, "- %s: %s\n", fact.Name, fact.Value)
	}
	b.WriteString("\n## Contenders\n\n")
	for _, fact := range r.Settings {
		fmt.Fprintf(&b, "- **%s**: %s\n", fact.Name, fact.Value)
	}
	b.WriteString("\n## Absolute figures\n\nMedians. They belong to this machine and this hour; only ratios travel.\n\n")
	b.WriteString(r.Absolutes())
	return b.String()
}

const reading = "Each cell: median of the paired ratios (min..max) pairs won/pairs. Throughput: above 1 is better; the rest: below 1 is\n" +
	"better. The twin is its reference under a second name: a distance from 1.00 that the twin shows too is noise. Allocations\n" +
	"are absolute, contender : reference.\n"
