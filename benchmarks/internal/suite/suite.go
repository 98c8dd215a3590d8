// Package suite runs contenders side by side: fresh processes for every run,
// interleaved in random order, the work verified after each.
package suite

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/report"
)

// Config says what to run. Every field must be set.
type Config struct {
	Reps      int     // repetitions, each of which runs every peer once
	Seconds   float64 // length of a run, as far as its bounds on operations allow
	Seed      uint64  // of the order within repetitions
	Workloads []peer.Workload
	Peers     []Peer
	Broker    *Broker   // nil where no workload needs one
	Progress  io.Writer // one line per repetition
}

// Peer is one contender as the suite sees it: a command.
type Peer struct {
	Name      string
	About     string
	Command   []string // program and arguments before those of the protocol
	Workloads []string
	Against   []string
	TwinOf    string // contender with the same code, whose operations per run it shares
}

func (p Peer) does(w peer.Workload) bool { return slices.Contains(p.Workloads, w.Name) }

// NeedsBroker reports whether a selected workload does.
func (c Config) NeedsBroker() bool {
	return slices.ContainsFunc(c.Workloads, func(w peer.Workload) bool { return w.Kind != peer.InMemory })
}

// Run runs everything. A failing run is recorded and does not end the suite;
// the error is ctx's.
func Run(ctx context.Context, c Config) (report.Results, error) {
	s := &suite{Config: c, order: rand.New(rand.NewPCG(c.Seed, c.Seed))}
	for _, w := range c.Workloads {
		if err := s.workload(ctx, w); err != nil {
			return s.results, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	s.settings()
	return s.results, nil
}

type suite struct {
	Config
	order   *rand.Rand
	results report.Results
}

func (s *suite) workload(ctx context.Context, w peer.Workload) error {
	if w.Kind != peer.InMemory {
		defer func() { _ = s.Broker.remove(queueOf(w)) }() // the next run of the workload deletes it too
	}
	sized, err := s.sizes(ctx, w)
	if err != nil {
		return err
	}
	load := newLoadRange()
	for rep := range s.Reps {
		load.read()
		if err := s.repetition(ctx, w, sized, rep); err != nil {
			return err
		}
		fmt.Fprintf(s.Progress, "%s %d/%d\n", w.Name, rep+1, s.Reps)
	}
	load.read()
	s.results.Facts = append(s.results.Facts, report.Fact{Name: "load average during " + w.Name, Value: load.String()})
	result := report.Workload{Name: w.Name, Title: w.Title}
	for _, p := range sized {
		result.Contenders = append(result.Contenders, report.Contender{Name: p.Name, Against: p.Against, TwinOf: p.TwinOf, N: p.n, Runs: p.runs})
	}
	s.results.Workloads = append(s.results.Workloads, result)
	return nil
}

// repetition runs every peer once, in random order.
func (s *suite) repetition(ctx context.Context, w peer.Workload, peers []*sizedPeer, rep int) error {
	for _, i := range s.order.Perm(len(peers)) {
		p := peers[i]
		run, err := s.run(ctx, p.Peer, w, p.n)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			s.failed(w, p.Peer, fmt.Errorf("repetition %d: %w", rep+1, err))
			p.runs = append(p.runs, nil)
			continue
		}
		p.runs = append(p.runs, &run)
	}
	return nil
}

func (s *suite) failed(w peer.Workload, p Peer, err error) {
	line := fmt.Sprintf("%s, %s, %v", w.Name, p.Name, err)
	s.results.Failures = append(s.results.Failures, line)
	fmt.Fprintln(s.Progress, line)
}

func (s *suite) settings() {
	for _, p := range s.Peers {
		if slices.ContainsFunc(s.Workloads, p.does) {
			s.results.Settings = append(s.results.Settings, report.Fact{Name: p.Name, Value: p.About})
		}
	}
}
