// Package suite runs scenarios with their negative controls, several at once,
// and reports.
package suite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/parley-go/parley/chaos/internal/scenario"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// Options are what the command line says.
type Options struct {
	Scenarios []scenario.Scenario
	Short     bool
	// Soak is how long the soak scenario lasts; 0 is its own duration.
	Soak time.Duration
	Seed uint64
	// Lanes is how many runs go on at once, each on a broker of its own; 0 is one.
	Lanes int
	// Command starts a lane in a process of its own, see [Serve]. Nil keeps it
	// in this one: then what other lanes hold counts as left over by a run.
	Command func() *exec.Cmd
	// Out gets the live lines. Terminal says that they may be drawn over.
	Out      io.Writer
	Terminal bool
	// Folder keeps the journals of runs that went wrong.
	Folder string
}

// Outcome is a scenario with the results of its runs.
type Outcome struct {
	Scenario scenario.Scenario
	// Result is that of the run with every protection, Controls of the others.
	Result   stage.Result
	Controls []stage.Result
}

// Passed reports whether the promise held and every control was seen to fail.
func (o *Outcome) Passed() bool {
	for _, c := range o.Controls {
		if c.Invalid != nil || len(c.Findings) == 0 {
			return false
		}
	}
	return o.Result.Invalid == nil && len(o.Result.Findings) == 0
}

// Verdict is nil when every promise held, every control was seen to fail, and
// no run fell short of its load or its faults.
func Verdict(all []Outcome) error {
	broken := 0
	for i := range all {
		if !all[i].Passed() {
			broken++
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d scenarios did not hold", broken, len(all))
	}
	return nil
}

// Estimate is how long the scenarios take, as far as one can know.
func Estimate(o Options) time.Duration { return estimate(units(&o), o.Lanes) }

// worker makes runs, one after the other.
type worker interface {
	do(ctx context.Context, o order, progress func(string)) (stage.Result, error)
	discard()
}

// Run makes all runs of all scenarios and returns what became of them, in the
// order of their numbers. An error means that it could not go on: then only
// scenarios all of whose runs were made are returned.
func Run(ctx context.Context, o Options) ([]Outcome, error) {
	return run(ctx, o, func() (worker, error) {
		if o.Command == nil {
			return newLane(o.Scenarios), nil
		}
		return newRemote(o.Command())
	})
}

func run(ctx context.Context, o Options, hire func() (worker, error)) ([]Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &suite{Options: o, todo: units(&o), results: map[int][]*stage.Result{}}
	for _, one := range o.Scenarios {
		s.results[one.Number] = make([]*stage.Result, len(one.Controls)+1)
	}
	s.board = newBoard(o.Out, o.Terminal, max(1, o.Lanes))
	var lanes sync.WaitGroup
	errs := make([]error, max(1, o.Lanes))
	for i := range errs {
		lanes.Go(func() {
			if errs[i] = s.lane(ctx, i, hire); errs[i] != nil {
				cancel()
			}
		})
	}
	lanes.Wait()
	s.board.close()
	return s.outcomes(), errors.Join(errs...)
}

type suite struct {
	Options

	board *board

	mu      sync.Mutex
	todo    []unit
	results map[int][]*stage.Result
}

func (s *suite) lane(ctx context.Context, i int, hire func() (worker, error)) error {
	w, err := hire()
	if err != nil {
		return err
	}
	defer func() { w.discard() }()
	for u := s.take(i); u.tasks != nil && ctx.Err() == nil; u = s.take(i) {
		for _, t := range u.tasks {
			s.board.begin(i, title(t))
			o := order{Number: t.one.Number, Run: t.run, Seed: s.Seed, Short: s.Short, Soak: s.Soak, Folder: s.Folder}
			result, err := w.do(ctx, o, func(text string) { s.board.show(i, text) })
			if errors.Is(err, errDied) && ctx.Err() == nil {
				// A panic, most likely: this run proves nothing, the others may.
				result, err = stage.Result{Control: t.control(), Invalid: err}, nil
				w.discard()
				another, failed := hire()
				if failed != nil {
					return failed
				}
				w = another
			}
			if err != nil {
				return fmt.Errorf("%s: %w", title(t), err)
			}
			s.board.end(i, &result)
			s.keep(t, &result)
		}
	}
	return context.Cause(ctx)
}

func (s *suite) take(lane int) (u unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.todo) > 0 {
		u, s.todo = next(s.todo, lane)
	}
	return u
}

func (s *suite) keep(t task, r *stage.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[t.one.Number][t.run] = r
}

func (s *suite) outcomes() (all []Outcome) {
	for _, one := range s.Scenarios {
		runs := s.results[one.Number]
		if slices.Contains(runs, nil) {
			continue
		}
		out := Outcome{Scenario: one, Result: *runs[0]}
		for _, r := range runs[1:] {
			out.Controls = append(out.Controls, *r)
		}
		all = append(all, out)
	}
	slices.SortStableFunc(all, func(a, b Outcome) int { return cmp.Compare(a.Scenario.Number, b.Scenario.Number) })
	return all
}

func title(t task) string {
	if t.run == 0 {
		return fmt.Sprintf("%2d %s", t.one.Number, t.one.Name)
	}
	return fmt.Sprintf("%2d   without: %s", t.one.Number, t.control())
}
