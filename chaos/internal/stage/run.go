// Package stage is what a scenario acts on: a private broker, a network,
// victims, journals, and the list of what went wrong.
package stage

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/victim"
	"github.com/parley-go/parley/internal/rabbitnode"
)

// Run is one execution of a scenario, with every protection in place or, as a
// negative control, without one of them. Its methods belong to one goroutine
// unless they say otherwise.
type Run struct {
	// Node is the broker.
	Node *rabbitnode.Node
	// Name is unique; names of queues and journals begin with it.
	Name string
	// Control names the protection that is left out; empty is none.
	Control string
	// Short asks for a tenth of the load and one fault.
	Short bool
	// Duration is that of a soak; 0 is the scenario's own.
	Duration time.Duration
	// Rand makes every choice; its seed reproduces them.
	Rand *rand.Rand
	// Progress shows a line about the state of the run.
	Progress func(string)

	folder string
	ledger *journal.Ledger
	ids    uint64
	jobs   sync.WaitGroup
	stop   context.CancelFunc
	life   context.Context

	faults, wanted, load int
	recovered            time.Duration

	mu       sync.Mutex
	findings []string
	notes    []string
	children []*victim.Child
}

// Begin readies r for a scenario; journals lie in a folder of its own below
// parent.
func (r *Run) Begin(ctx context.Context, parent string) error {
	r.folder = filepath.Join(parent, r.Name)
	if err := os.MkdirAll(r.folder, 0o700); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	r.ledger = journal.NewLedger(r.folder)
	r.life, r.stop = context.WithCancel(ctx)
	return nil
}

// Halt stops the victims inside the driver and waits for them.
func (r *Run) Halt() {
	r.stop()
	r.jobs.Wait()
}

// End stops every victim that still runs and waits for them.
func (r *Run) End() {
	r.stop()
	r.mu.Lock()
	children := r.children
	r.mu.Unlock()
	for _, c := range children {
		select {
		case <-c.Done():
		default:
			c.Kill()
		}
	}
	r.jobs.Wait()
}

// Folder is where the journals of the run lie.
func (r *Run) Folder() string { return r.folder }

// Queue returns the run's name for a queue.
func (r *Run) Queue(name string) string { return r.Name + "." + name }

// Load is n, or a tenth of it in the short form. The run is invalid when fewer
// messages are attempted.
func (r *Run) Load(n int) int {
	if r.Short {
		n /= 10
	}
	r.load = n
	return n
}

// Faults is n, or one in the short form. The run is invalid when fewer are
// injected.
func (r *Run) Faults(n int) int {
	if r.Short {
		n = 1
	}
	r.wanted = n
	return n
}

// Part is what times are divided by: 3 in the short form, else 1.
func (r *Run) Part() int {
	if r.Short {
		return 3
	}
	return 1
}

// Injected counts one fault.
func (r *Run) Injected() { r.faults++ }

// Wrongf records a broken promise. It may be called concurrently.
func (r *Run) Wrongf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings = append(r.findings, fmt.Sprintf(format, args...))
}

// Requiref records a broken promise unless ok. It may be called concurrently.
func (r *Run) Requiref(ok bool, format string, args ...any) {
	if !ok {
		r.Wrongf(format, args...)
	}
}

// Note adds a figure to the report of the run.
func (r *Run) Note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// Took records how long the recovery from a fault took; the longest is shown.
func (r *Run) Took(d time.Duration) { r.recovered = max(r.recovered, d) }

// Result is how a run ended.
type Result struct {
	Control  string
	Sets     oracle.Sets
	Findings []string
	// Notes are further figures.
	Notes     []string
	Faults    int
	Recovered time.Duration
	// Invalid says why the run proves nothing; nil when it does.
	Invalid error
	Took    time.Duration
}

// Judge reads the journals and returns the result of the run.
func (r *Run) Judge(e oracle.Expect) (Result, error) {
	if err := r.ledger.Read(); err != nil {
		return Result{}, err
	}
	v := oracle.Judge(r.ledger, e)
	r.mu.Lock()
	defer r.mu.Unlock()
	result := Result{Control: r.Control, Sets: v.Sets, Faults: r.faults, Notes: r.notes, Recovered: r.recovered}
	result.Findings = append(append(result.Findings, v.Findings...), r.findings...)
	switch {
	case v.Sets.Attempted < r.load:
		result.Invalid = fmt.Errorf("wanted a load of %d, got %d", r.load, v.Sets.Attempted)
	case r.faults < r.wanted:
		result.Invalid = fmt.Errorf("wanted %d faults, got %d", r.wanted, r.faults)
	}
	return result, nil
}
