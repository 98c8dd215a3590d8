package peer

import (
	"fmt"
	"strings"
)

// Kind is the shape of a workload: which methods and roles it takes.
type Kind int

// The kinds of workload.
const (
	Publishing             Kind = iota // one worker publishes
	Consuming                          // one worker consumes what was preloaded
	PublishingAndConsuming             // one worker does both at once
	Requesting                         // a server and a client
	Streaming                          // a server and a client, many replies to each request
	InMemory                           // a client that needs no broker
)

// Workload is one setting of the suite.
type Workload struct {
	Name    string
	Title   string
	Kind    Kind
	Quorum  bool // quorum queue instead of classic
	Callers int  // concurrent callers, 0 where nobody calls
	MinN    int  // lower bound of the operations of a run, where 200 tell too little
	MaxN    int  // upper bound
}

// Workloads returns all settings in the order of their names.
func Workloads() []Workload {
	return []Workload{
		{Name: "W1", Title: "publish with confirms, classic queue", Kind: Publishing, MaxN: 60_000},
		{Name: "W1q", Title: "publish with confirms, quorum queue", Kind: Publishing, Quorum: true, MaxN: 40_000},
		{Name: "W2", Title: "consume, decode, validate, acknowledge", Kind: Consuming, MaxN: 60_000},
		{Name: "W3", Title: "publish and consume at once", Kind: PublishingAndConsuming, MaxN: 60_000},
		{Name: "W4", Title: "request and reply, 1 caller", Kind: Requesting, Callers: 1, MaxN: 4_000},
		{Name: "W5c64", Title: "request and reply, 64 callers", Kind: Requesting, Callers: 64, MaxN: 30_000},
		{Name: "W5c512", Title: "request and reply, 512 callers", Kind: Requesting, Callers: 512, MaxN: 30_000},
		{Name: "S1", Title: "one stream of 1 KB items", Kind: Streaming, Callers: 1, MinN: 10_000, MaxN: 200_000},
		{Name: "S1000", Title: "1 000 streams of 1 KB items at once", Kind: Streaming, Callers: 1000, MinN: 60_000, MaxN: 200_000},
		{Name: "M64", Title: "request and reply in memory, 64 callers", Kind: InMemory, Callers: 64, MaxN: 400_000},
	}
}

// Select returns the workloads of a comma-separated list of names, in the
// order of Workloads; an empty list selects all.
func Select(names string) ([]Workload, error) {
	if names == "" {
		return Workloads(), nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(names, ",") {
		wanted[strings.TrimSpace(name)] = true
	}
	var selected []Workload
	for _, w := range Workloads() {
		if wanted[w.Name] {
			selected = append(selected, w)
			delete(wanted, w.Name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("workload: wanted one of %s, got %q", strings.Join(Names(), ", "), name)
	}
	return selected, nil
}

// Find returns the workload of that name.
func Find(name string) (Workload, error) {
	for _, w := range Workloads() {
		if w.Name == name {
			return w, nil
		}
	}
	return Workload{}, fmt.Errorf("workload: wanted one of %s, got %q", strings.Join(Names(), ", "), name)
}

// Names returns the names of all workloads.
func Names() []string {
	all := Workloads()
	names := make([]string, len(all))
	for i, w := range all {
		names[i] = w.Name
	}
	return names
}
