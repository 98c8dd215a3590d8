package report

import "fmt"

// Goal is what one contender should reach against a reference in a workload.
type Goal struct {
	Workload, Contender, Against string
	Figure                       Figure
	Limit                        float64 // least ratio of Throughput, most of the others
}

// Figure names what a goal is about.
type Figure string

// The figures that goals are set for.
const (
	Throughput Figure = "throughput"
	OwnCPU     Figure = "own CPU/op"
	Latency    Figure = "p50"
)

func (f Figure) of() (func(Run) float64, Better) {
	switch f {
	case OwnCPU:
		return own, Lower
	case Latency:
		return p50, Lower
	default:
		return rate, Higher
	}
}

func (g Goal) met(median float64) bool {
	if g.Figure == Throughput {
		return median >= g.Limit
	}
	return median <= g.Limit
}

// wanted gives the limit with its direction.
func (g Goal) wanted() string {
	if g.Figure == Throughput {
		return fmt.Sprintf("≥ %.2f", g.Limit)
	}
	return fmt.Sprintf("≤ %.2f", g.Limit)
}

// GoalTable compares goals with what was measured, beside the same figure of
// the workload's twin. Goals whose contenders did not run are left out.
func (r Results) GoalTable() string {
	t := table{head: []string{"workload", "contender", "against", "figure", "wanted", "measured", "met", "twin"}}
	for _, w := range r.Workloads {
		for _, g := range r.Goals {
			c, ran := w.find(g.Contender)
			reference, both := w.find(g.Against)
			if g.Workload != w.Name || !ran || !both {
				continue
			}
			figure, better := g.Figure.of()
			measured := Compare(c.Runs, reference.Runs, figure, better)
			met := "no"
			if measured.Pairs > 0 && g.met(measured.Median) {
				met = "yes"
			}
			t.add(w.Name, g.Contender, g.Against, string(g.Figure), g.wanted(), measured.String(), met, w.twin(figure, better).String())
		}
	}
	if len(t.rows) == 0 {
		return ""
	}
	return t.String()
}

// twin compares the workload's twin with its reference.
func (w Workload) twin(figure func(Run) float64, better Better) Ratio {
	for _, c := range w.Contenders {
		if reference, ok := w.find(c.TwinOf); ok {
			return Compare(c.Runs, reference.Runs, figure, better)
		}
	}
	return Ratio{}
}
