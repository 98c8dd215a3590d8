// Package peer is one side of the benchmark's processes: what the suite asks
// of a process (Job), what it answers (Line), and the part of it that every
// contender in Go shares: counting, metering, latency.
//
// The protocol is described for writers of other peers in benchmarks/README.md.
package peer

// A Role says which part of a workload one process does.
type Role string

// The roles. Worker does all of W1 to W3; Server and Client share W4 and W5.
const (
	Worker Role = "worker"
	Server Role = "server"
	Client Role = "client"
)

// Job is what the suite asks of one process, as JSON in its last argument.
type Job struct {
	Workload string `json:"workload"`          // name of a Workload
	Role     Role   `json:"role"`              // part to do
	URL      string `json:"url"`               // AMQP URL of the broker
	Queue    string `json:"queue"`             // declared by the suite, empty or preloaded with N orders
	N        int    `json:"n"`                 // measured operations
	Callers  int    `json:"callers,omitempty"` // concurrent callers of a Client
}

// An Event is the kind of a Line.
type Event string

// The events. A server says Ready once; a client says Warm after its warm-up
// and then waits for a line on its standard input; every process ends with
// Done or Failed.
const (
	Ready  Event = "ready"
	Warm   Event = "warm"
	Done   Event = "result"
	Failed Event = "error"
)

// Line is one line that a process writes to its standard output.
type Line struct {
	Event  Event   `json:"event"`
	Result *Result `json:"result,omitempty"` // with Done
	Error  string  `json:"error,omitempty"`  // with Failed
}

// Result is what a process measured.
type Result struct {
	N       int     `json:"n"`                // finished operations; 0 from a server
	Seconds float64 `json:"seconds"`          // length of the measured phase
	User    float64 `json:"user"`             // CPU seconds in user mode
	System  float64 `json:"system"`           // CPU seconds in the kernel
	P50     float64 `json:"p50_us,omitempty"` // latency per call in microseconds, clients only
	P90     float64 `json:"p90_us,omitempty"`
	P99     float64 `json:"p99_us,omitempty"`
	Allocs  float64 `json:"allocs,omitempty"` // heap allocations of the measured phase, 0 if unknown
}

// CPU returns user and system time together, in seconds.
func (r Result) CPU() float64 { return r.User + r.System }
