package contender

import "github.com/parley-go/parley/benchmarks/internal/report"

// Goals are what parley should reach: par with hand-written code that keeps
// the same promises, and not far from code that keeps fewer.
func Goals() []report.Goal {
	var goals []report.Goal
	add := func(workload, name, against string, figure report.Figure, limit float64) {
		goals = append(goals, report.Goal{Workload: workload, Contender: name, Against: against, Figure: figure, Limit: limit})
	}
	for _, workload := range []string{"W1", "W1q", "W3", "W5c64", "W5c512"} {
		add(workload, Parley, Promises, report.Throughput, .95)
		add(workload, Parley, Promises, report.OwnCPU, 1.15)
		add(workload, ParleyDirect, PromisesDirect, report.Throughput, .95)
		add(workload, ParleyDirect, PromisesDirect, report.OwnCPU, 1.15)
	}
	for _, workload := range []string{"W5c64", "W5c512"} {
		add(workload, Parley, BestInbox, report.Throughput, .85)
		add(workload, ParleyDirect, Best, report.Throughput, .85)
	}
	add("W2", Parley, Best, report.Throughput, .9)
	add("W2", Parley, Best, report.OwnCPU, 1.15)
	add("W4", Parley, Promises, report.Latency, 1.05)
	add("W4", Parley, Promises, report.OwnCPU, 1.15)
	add("W4", ParleyDirect, PromisesDirect, report.Latency, 1.05)
	add("W4", ParleyDirect, PromisesDirect, report.OwnCPU, 1.15)
	add("S1", ParleyStream, RawStream, report.Throughput, .8)
	add("S1000", ParleyStream, RawStream, report.Throughput, .7)
	add("W4", ParleyFirst, Parley, report.Latency, 1.5)
	add("M64", ParleyMemory, Channels, report.Throughput, 1/1.6)
	return goals
}
