// Package suite runs scenarios with their negative controls and reports.
package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/parley-go/parley/chaos/internal/scenario"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/internal/rabbitnode"
)

// limit bounds one run of a scenario that has no duration of its own.
const limit = 10 * time.Minute

// Options are what the command line says.
type Options struct {
	Scenarios []scenario.Scenario
	Short     bool
	// Soak is how long the soak scenario lasts; 0 is its own duration.
	Soak time.Duration
	Seed uint64
	// Out gets the live lines.
	Out io.Writer
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

// Run runs every scenario, one after the other, on a broker of its own, and
// returns what became of them. An error means that it could not go on.
func Run(ctx context.Context, o Options) ([]Outcome, error) {
	s := &suite{Options: o}
	defer s.discard()
	var all []Outcome
	for _, one := range o.Scenarios {
		out := Outcome{Scenario: one}
		var err error
		if out.Result, err = s.run(ctx, one, ""); err != nil {
			return all, err
		}
		for _, control := range one.Controls {
			result, err := s.run(ctx, one, control)
			if err != nil {
				return all, err
			}
			out.Controls = append(out.Controls, result)
		}
		all = append(all, out)
	}
	return all, nil
}

type suite struct {
	Options

	node *rabbitnode.Node
}

// broker returns the node that the last run left, or a new one.
func (s *suite) broker(ctx context.Context) (*rabbitnode.Node, error) {
	if s.node != nil && s.node.PID() != 0 {
		return s.node, nil
	}
	s.discard()
	var err error
	s.node, err = rabbitnode.Start(ctx, rabbitnode.Options{})
	return s.node, err
}

func (s *suite) discard() {
	if s.node != nil {
		_ = s.node.Stop()
		s.node = nil
	}
}

func (s *suite) run(ctx context.Context, one scenario.Scenario, control string) (stage.Result, error) {
	node, err := s.broker(ctx)
	if err != nil {
		return stage.Result{}, err
	}
	line := newLine(s.Out, title(one, control))
	// A stream of its own for each scenario: leaving one out changes no other.
	source := rand.NewPCG(s.Seed, uint64(one.Number))
	r := &stage.Run{
		Node: node, Name: fmt.Sprintf("s%02d-%x", one.Number, rand.Uint32()), Control: control, Short: s.Short,
		Duration: s.Soak, Rand: rand.New(source), Progress: line.show,
	}
	result, err := s.act(ctx, one, r)
	line.end(&result)
	if err != nil {
		return result, err
	}
	//nolint:nilerr // result.Invalid is the verdict, not an error of the suite
	if result.Invalid != nil || (len(result.Findings) > 0) != (control != "") {
		// Whatever state it is in, it does not harm the next run.
		s.discard()
		return result, nil
	}
	return result, os.RemoveAll(r.Folder())
}

func (s *suite) act(ctx context.Context, one scenario.Scenario, r *stage.Run) (stage.Result, error) {
	began := time.Now()
	if err := r.Begin(ctx, s.Folder); err != nil {
		return stage.Result{}, err
	}
	bounded, cancel := context.WithTimeoutCause(ctx, limit+s.Soak, errors.New("the scenario did not end"))
	defer cancel()
	expect, fault := one.Act(bounded, r)
	r.End()
	result, err := r.Judge(expect)
	if fault != nil {
		result.Invalid = fault
	}
	result.Took = time.Since(began)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return result, err
}

func title(one scenario.Scenario, control string) string {
	if control == "" {
		return fmt.Sprintf("%2d %s", one.Number, one.Name)
	}
	return fmt.Sprintf("%2d   without: %s", one.Number, control)
}
