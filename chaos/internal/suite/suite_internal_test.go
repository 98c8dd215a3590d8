package suite

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/resource"
	"github.com/parley-go/parley/chaos/internal/scenario"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/internal/rabbitnode"
)

// TestMain lets the test binary be a lane of the fakes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Verb {
		if err := withoutBroker(fakes()).serve(os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// withoutBroker is a lane whose broker does not exist.
func withoutBroker(all []scenario.Scenario) *lane {
	l := newLane(all)
	l.start = func(context.Context, rabbitnode.Options) (*rabbitnode.Node, error) { return &rabbitnode.Node{}, nil }
	return l
}

// act is a scenario without a broker: what it does with every protection, and
// what without.
type act func(r *stage.Run, note func(journal.Kind, uint64))

func fake(number int, with, without act) scenario.Scenario {
	return scenario.Scenario{
		Number: number, Name: "fake", Must: "hold", Controls: []string{"protection"},
		Act: func(_ context.Context, r *stage.Run) (oracle.Expect, error) {
			w, err := journal.Create(journal.Path(r.Folder(), "fake"))
			if err != nil {
				return oracle.Expect{}, err
			}
			defer w.Close()
			if r.Control == "" {
				with(r, w.Note)
				return oracle.Expect{}, nil
			}
			without(r, w.Note)
			return oracle.Expect{}, nil
		},
	}
}

const (
	good = iota + 1
	losing
	blind
	light
	harmless
	leaking
	choosing
	dying
)

// fakes are one scenario for each way to end.
func fakes() []scenario.Scenario {
	return []scenario.Scenario{
		fake(good, hold, lose),
		fake(losing, lose, lose),
		fake(blind, hold, hold),
		fake(light, func(r *stage.Run, note func(journal.Kind, uint64)) {
			hold(r, note)
			r.Load(1000)
		}, lose),
		fake(harmless, func(r *stage.Run, note func(journal.Kind, uint64)) {
			hold(r, note)
			r.Faults(2)
		}, lose),
		fake(leaking, leak, leak),
		fake(choosing, choose, lose),
		fake(dying, func(*stage.Run, func(journal.Kind, uint64)) { os.Exit(3) }, lose),
	}
}

func hold(r *stage.Run, note func(journal.Kind, uint64)) {
	r.Faults(1)
	for id := range uint64(r.Load(10)) {
		note(journal.Attempted, id)
		note(journal.OK, id)
		note(journal.Handled, id)
	}
	r.Injected()
}

func lose(r *stage.Run, note func(journal.Kind, uint64)) {
	hold(r, note)
	note(journal.Attempted, 999)
	note(journal.OK, 999)
}

func leak(r *stage.Run, note func(journal.Kind, uint64)) {
	hold(r, note)
	for range resource.Goroutines + 5 {
		go func() { time.Sleep(time.Hour) }()
	}
}

func choose(r *stage.Run, note func(journal.Kind, uint64)) {
	hold(r, note)
	r.Points(1000, 3)
	r.Choose("the victim", 1000)
	r.Note("%s %v %v", r.Name, r.Jitter(7, time.Hour), r.Job("", "", "").Seed)
}

// play runs some of the fakes in lanes of their own processes.
func play(t *testing.T, seed uint64, numbers ...int) (all []Outcome, out string) {
	t.Helper()
	var chosen []scenario.Scenario
	for _, n := range numbers {
		chosen = append(chosen, fakes()[n-1])
	}
	self, err := os.Executable()
	require.NoError(t, err)
	var text bytes.Buffer
	all, err = Run(t.Context(), Options{
		Scenarios: chosen, Seed: seed, Lanes: 2, Out: &text, Folder: t.TempDir(),
		Command: func() *exec.Cmd { return exec.Command(self, Verb) },
	})
	require.NoError(t, err)
	require.Len(t, all, len(numbers))
	return all, text.String()
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	all, out := play(t, 1, good)
	require.NoError(t, Verdict(all))
	require.Contains(t, out, "fake: holds")
	require.Contains(t, out, "without: protection: seen to fail")
	require.Equal(t, 10, all[0].Result.Sets.Handled)
	require.Equal(t, 1, all[0].Controls[0].Sets.Lost)
	require.NotEmpty(t, all[0].Result.Left)

	for number, want := range map[int]string{
		losing:   "BROKEN",
		blind:    "VOID: did not fail",
		light:    "INVALID: wanted a load of 1000, got 10",
		harmless: "INVALID: wanted 2 faults, got 1",
		leaking:  "left over in driver: wanted at most",
		dying:    "INVALID: suite: the lane died",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			all, out := play(t, 1, good, number)
			require.EqualError(t, Verdict(all), "1 of 2 scenarios did not hold")
			require.Contains(t, out, want)
			var table bytes.Buffer
			Report(&table, Options{}, Facts{}, all)
			require.Contains(t, table.String(), want)
		})
	}
}

// The same seed gives the same names, places, victims and times of work,
// whatever else runs; another one gives others.
func TestSeed(t *testing.T) {
	t.Parallel()
	plan := func(seed uint64, numbers ...int) stage.Result {
		all, _ := play(t, seed, numbers...)
		return all[len(all)-1].Result
	}
	one, same, other := plan(1, choosing), plan(1, good, choosing), plan(2, choosing)
	require.Len(t, one.Plan, 2)
	require.Equal(t, one.Plan, same.Plan)
	require.Equal(t, one.Notes, same.Notes)
	require.NotEqual(t, one.Plan, other.Plan)
	require.NotEqual(t, one.Notes, other.Notes)
}

// deaf cannot make runs.
type deaf struct{ asked chan struct{} }

func (d deaf) do(ctx context.Context, _ order, _ func(string)) (stage.Result, error) {
	select {
	case d.asked <- struct{}{}:
		return stage.Result{}, errors.New("no broker")
	case <-ctx.Done():
		return stage.Result{}, context.Cause(ctx)
	}
}

func (deaf) discard() {}

func TestALaneThatCannotGoOnEndsAll(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	all, err := run(t.Context(), Options{Scenarios: fakes(), Lanes: 2, Out: io.Discard}, func() (worker, error) { return deaf{asked}, nil })
	require.ErrorContains(t, err, "no broker")
	require.Empty(t, all)
}

func TestUnits(t *testing.T) {
	t.Parallel()
	two := scenario.Scenario{Number: 1, Controls: []string{"a"}, Short: 20 * time.Second}
	quiet := scenario.Scenario{Number: 2, Controls: []string{"a"}, Short: 60 * time.Second, Quiet: true}
	three := scenario.Scenario{Number: 3, Controls: []string{"a", "b"}, Short: 50 * time.Second, Cluster: true}
	o := Options{Scenarios: []scenario.Scenario{two, quiet, three}, Short: true, Lanes: 2}
	all := units(&o)
	require.Len(t, all, 3)
	first, rest := next(all, 0)
	require.Equal(t, 3, first.tasks[0].one.Number)
	require.Len(t, first.tasks, 3)
	second, rest := next(rest, 1)
	require.Equal(t, 2, second.tasks[0].one.Number)
	third, _ := next(rest, 1)
	require.Equal(t, 1, third.tasks[0].one.Number, "a lane takes what is left")
	require.Equal(t, 70*time.Second, Estimate(o))
	o.Lanes = 1
	require.Equal(t, 130*time.Second, Estimate(o))
}

func TestBoard(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := newBoard(&out, true, 2)
	b.begin(0, "one")
	b.begin(1, "two")
	b.show(1, "halfway")
	require.Contains(t, out.String(), "one … ")
	require.Contains(t, out.String(), "two … halfway")
	b.end(0, &stage.Result{Findings: []string{"x"}})
	b.close()
	require.Contains(t, out.String(), "one: BROKEN")
}
