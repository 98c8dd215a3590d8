package suite

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/parley-go/parley/internal/rabbitnode"
)

// Facts are where and under which conditions a suite ran.
type Facts struct {
	// Broker and Go are versions.
	Broker, Go string
	CPUs       int
	// Before and After are the load averages of one minute; empty where the
	// system does not tell.
	Before, After string
	Took          time.Duration

	began time.Time
}

// Gather begins to measure. Complete them with Done.
func Gather(ctx context.Context) Facts {
	version, err := rabbitnode.Version(ctx)
	if err != nil {
		version = "unknown"
	}
	return Facts{Broker: version, Go: runtime.Version(), CPUs: runtime.NumCPU(), Before: load(), began: time.Now()}
}

// Done takes the rest of the figures.
func (f *Facts) Done() { f.After, f.Took = load(), time.Since(f.began).Round(time.Second) }

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// String prints them in one line.
func (f *Facts) String() string {
	return fmt.Sprintf("RabbitMQ %s, %s, %d processors, load average %s before and %s after, %v in all",
		f.Broker, f.Go, f.CPUs, f.Before, f.After, f.Took)
}
