// Package victim holds the services that scenarios break: consumers, servers,
// publishers and callers, on parley and, as negative controls, on the raw
// client with one protection left out. Each runs in the driver or in a process
// of its own that can be killed.
package victim

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/chaos/internal/journal"
)

// Role is what a victim does.
type Role string

// The roles.
const (
	Consumer  Role = "consumer"
	Server    Role = "server"
	Publisher Role = "publisher"
	Caller    Role = "caller"
)

// Flavor is how it does it; the zero value is parley with its defaults.
type Flavor string

// The unsafe flavors. Each leaves out what its name says.
const (
	Parley       Flavor = ""
	Transient    Flavor = "transient messages"
	NoConfirms   Flavor = "confirms off"
	AckFirst     Flavor = "ack before the handler"
	AckAll       Flavor = "cumulative ack without tracker"
	NoDrain      Flavor = "no drain"
	NoRecovery   Flavor = "no resubscribe"
	LastingReply Flavor = "durable reply queue"
	NoMandatory  Flavor = "classic queue with mandatory off"
)

// Job is all that a victim needs to know; it travels as JSON.
type Job struct {
	Role   Role
	Flavor Flavor
	// URL is the broker's, Queue where messages go.
	URL, Queue string
	// Name is that of the journal in Folder, and of a reply queue.
	Name, Folder string
	// Concurrency is of handlers, or of publishes and calls in flight.
	Concurrency, Prefetch int
	// Work is how long a handler takes; Jitter bounds what some take longer.
	Work, Jitter time.Duration
	// First is the first id, Count how many follow it; 0 is without end.
	First, Count uint64
	// Pace is the pause of each sender between two messages.
	Pace time.Duration
	// Timeout bounds one publish or call. Once makes one attempt for each id.
	Timeout time.Duration
	Once    bool
	// Hosts are further nodes. Quorum asks for a quorum queue.
	Hosts  []string
	Quorum bool
	// Heartbeat is 0 for the default.
	Heartbeat time.Duration
	// Seed makes the victim's choices.
	Seed uint64
}

// Jitter is a time below most, always the same for a seed and a message.
func Jitter(seed, id uint64, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return time.Duration(rand.New(rand.NewPCG(seed, id)).Int64N(int64(most)))
}

// Run does the job until it is done or ctx ends, and calls ready when it is in
// working order.
func Run(ctx context.Context, j Job, ready func()) error {
	w, err := journal.Create(journal.Path(j.Folder, j.Name))
	if err != nil {
		return err
	}
	defer w.Close()
	log, err := os.OpenFile(journal.Path(j.Folder, j.Name)+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("victim: %w", err)
	}
	defer log.Close()
	v := &victim{job: j, note: w.Note, ready: ready, log: slog.New(slog.NewTextHandler(log, nil))}
	return v.run(ctx)
}

type victim struct {
	job   Job
	note  func(journal.Kind, uint64)
	ready func()
	log   *slog.Logger
	// raw replaces what the raw consumer does with a delivery; nil for its own.
	raw func(ch *amqp.Channel, d *amqp.Delivery)
}

func (v *victim) run(ctx context.Context) error {
	switch v.job.Role {
	case Consumer:
		return v.consumer(ctx)
	case Server:
		return v.server(ctx)
	case Publisher:
		return v.publisher(ctx)
	case Caller:
		return v.caller(ctx)
	case Asker:
		return v.asker(ctx)
	case Clerk:
		return v.clerk(ctx)
	case Failer:
		return v.failer(ctx)
	case Streamer:
		return v.streamer(ctx)
	}
	return fmt.Errorf("victim: wanted a known role, got %q", v.job.Role)
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
