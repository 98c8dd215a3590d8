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
	"github.com/parley-go/parley/chaos/internal/resource"
	"github.com/parley-go/parley/chaos/internal/victim"
	"github.com/parley-go/parley/internal/rabbitnode"
)

// endWithin is what a victim that is told to stop may take.
const endWithin = 30 * time.Second

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
	// Rand makes every choice; its seed reproduces them. One goroutine may use
	// it at a time: see Choose, Points and Jitter.
	Rand *rand.Rand
	// Progress shows a line about the state of the run.
	Progress func(string)
	// Clusters provides three nodes to a scenario that asks for them.
	Clusters func(context.Context) (*rabbitnode.Cluster, error)

	folder string
	ledger *journal.Ledger
	ids    uint64
	seed   uint64
	jobs   sync.WaitGroup
	stop   context.CancelFunc
	life   context.Context
	began  time.Time
	before resource.Use
	pulse  pulse
	// hosts are the addresses of all nodes of a cluster.
	hosts []string

	faults, wanted, load int
	recovered            time.Duration
	plan                 []string

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
	r.seed = r.Rand.Uint64()
	r.began, r.before = time.Now(), resource.Now()
	r.life, r.stop = context.WithCancel(ctx)
	r.jobs.Go(func() { r.pulse.beat(r.life) })
	return nil
}

// Halt stops the victims inside the driver and waits for them.
func (r *Run) Halt() {
	r.stop()
	r.jobs.Wait()
}

// End stops every victim that still runs and waits for them. Those in
// processes of their own end in order where every protection is in place, so
// that they tell what they leave behind.
func (r *Run) End() {
	r.stop()
	r.mu.Lock()
	children := r.children
	r.mu.Unlock()
	var all sync.WaitGroup
	for _, c := range children {
		all.Go(func() { r.end(c) })
	}
	all.Wait()
	r.jobs.Wait()
}

func (r *Run) end(c *victim.Child) {
	select {
	case <-c.Done():
		return
	default:
	}
	if r.Control != "" {
		c.Kill()
		return
	}
	if err := c.Terminate(endWithin); err != nil {
		r.Wrongf("%v", err)
	}
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

// AtLeast asks for n faults in the short form too, where one proves too little.
func (r *Run) AtLeast(n int) int {
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

// Seen reports whether a negative control was seen to fail already: then it has
// shown what it should, and waits for nothing more.
func (r *Run) Seen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Control != "" && len(r.findings) > 0
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
