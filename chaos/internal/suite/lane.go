package suite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/parley-go/parley/chaos/internal/scenario"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/internal/rabbitnode"
)

// limit bounds one run of a scenario that has no duration of its own. A control
// that hangs longer is not waited for.
const (
	limit        = 15 * time.Minute
	limitControl = 6 * time.Minute
)

// soak is the number of the scenario that has the duration of [Options].
const soak = 29

// order asks for one run. It travels as JSON.
type order struct {
	Number, Run int
	Seed        uint64
	Short       bool
	Soak        time.Duration
	Folder      string
}

// lane makes one run after the other, on a broker of its own.
type lane struct {
	scenarios []scenario.Scenario
	// start and form start a broker and a cluster.
	start   func(context.Context, rabbitnode.Options) (*rabbitnode.Node, error)
	form    func(context.Context, rabbitnode.Options) (*rabbitnode.Cluster, error)
	node    *rabbitnode.Node
	cluster *rabbitnode.Cluster
	// formed is the scenario that the cluster is for.
	formed int
}

func newLane(scenarios []scenario.Scenario) *lane {
	return &lane{scenarios: scenarios, start: rabbitnode.Start, form: rabbitnode.StartCluster}
}

// do makes the run that o asks for. An error means that it could not.
func (l *lane) do(ctx context.Context, o order, progress func(string)) (stage.Result, error) {
	i := slices.IndexFunc(l.scenarios, func(s scenario.Scenario) bool { return s.Number == o.Number })
	if i < 0 || o.Run > len(l.scenarios[i].Controls) {
		return stage.Result{}, fmt.Errorf("suite: wanted a known scenario and control, got %d and %d", o.Number, o.Run)
	}
	t := task{l.scenarios[i], o.Run}
	if l.formed != o.Number {
		l.disband()
	}
	l.formed = o.Number
	r := newRun(t, o)
	r.Progress, r.Clusters = progress, l.three
	if !t.one.Cluster {
		var err error
		if r.Node, err = l.broker(ctx); err != nil {
			return stage.Result{}, err
		}
	}
	result, err := l.act(ctx, t, r, o)
	if err != nil {
		return result, err
	}
	if result.Invalid != nil || (len(result.Findings) > 0) != (t.run > 0) {
		// Whatever state they are in, it does not harm the next run.
		l.discard()
		return result, nil //nolint:nilerr // result.Invalid is the verdict, not an error of the lane
	}
	return result, os.RemoveAll(r.Folder())
}

// newRun gives the run a stream of chances of its own: leaving out a scenario
// or a control changes no other. Its name is part of them.
func newRun(t task, o order) *stage.Run {
	chance := rand.New(rand.NewPCG(o.Seed, uint64(t.one.Number)<<8|uint64(t.run)))
	name := fmt.Sprintf("s%02d-%d-%08x", t.one.Number, t.run, chance.Uint32())
	return &stage.Run{Name: name, Control: t.control(), Short: o.Short, Duration: o.Soak, Rand: chance}
}

func (l *lane) act(ctx context.Context, t task, r *stage.Run, o order) (stage.Result, error) {
	if err := r.Begin(ctx, o.Folder); err != nil {
		return stage.Result{}, err
	}
	most := limit
	if t.run > 0 {
		most = limitControl
	}
	if t.one.Number == soak {
		// It may go on for as long again, until its load is reached.
		most += 2 * max(o.Soak, 20*time.Minute)
	}
	bounded, cancel := context.WithTimeoutCause(ctx, most, errors.New("the scenario did not end"))
	defer cancel()
	expect, fault := t.one.Act(bounded, r)
	seen := r.Seen()
	r.End()
	result, err := r.Judge(expect)
	if fault != nil && !seen {
		result.Invalid = fault
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return result, err
}

// broker returns the node that the last run left, or a new one.
func (l *lane) broker(ctx context.Context) (*rabbitnode.Node, error) {
	if l.node != nil && l.node.PID() != 0 {
		return l.node, nil
	}
	l.discard()
	var err error
	l.node, err = l.start(ctx, rabbitnode.Options{})
	return l.node, err
}

// three returns the cluster that the last run left, or a new one.
func (l *lane) three(ctx context.Context) (*rabbitnode.Cluster, error) {
	if l.cluster != nil && !slices.ContainsFunc(l.cluster.Nodes(), func(n *rabbitnode.Node) bool { return n.PID() == 0 }) {
		return l.cluster, nil
	}
	l.disband()
	var err error
	l.cluster, err = l.form(ctx, rabbitnode.Options{})
	return l.cluster, err
}

// discard stops the brokers; the next run gets new ones.
func (l *lane) discard() {
	if l.node != nil {
		_ = l.node.Stop()
		l.node = nil
	}
	l.disband()
}

func (l *lane) disband() {
	if l.cluster != nil {
		_ = l.cluster.Stop()
		l.cluster = nil
	}
}
