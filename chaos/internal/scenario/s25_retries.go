package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// retriesInterrupted kills the broker, and in the full form a consumer too,
// while messages wait for their next attempt. Half of the load comes before,
// half after that: what a crash makes of the former is the broker's business as
// well, which forgets some of what it had taken out of its queues.
func retriesInterrupted() Scenario {
	const consumers, prefetch = 2, 16
	const attempts = (victim.FailerImmediate + 1) * victim.FailerRounds
	return Scenario{
		Number: 25, Name: "retries across a crash of the broker",
		Must:     fmt.Sprintf("%d attempts each, those apart that met the crash; then the error queue; 0 lost", attempts),
		Controls: []string{string(victim.CountInMemory)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			f := &failing{Run: r, load: r.Load(1000), attempts: attempts, lives: r.Faults(2) + 1}
			for i := range consumers {
				j := r.Job(victim.Failer, "consumer"+digit(i), "work")
				j.Flavor, j.Concurrency, j.Prefetch = victim.Flavor(r.Control), prefetch, prefetch
				f.jobs = append(f.jobs, j)
			}
			if err := f.act(ctx); err != nil {
				return oracle.Expect{}, err
			}
			f.settle(ctx)
			return f.judge()
		},
	}
}

// failing is a load of messages that fail to the last.
type failing struct {
	*stage.Run

	load, attempts int
	// lives is one more than there are crashes.
	lives int
	// jobs are the consumers'.
	jobs []victim.Job
}

func (f *failing) act(ctx context.Context) error {
	var children []*victim.Child
	for _, j := range f.jobs {
		c, err := f.Spawn(ctx, j)
		if err != nil {
			return err
		}
		children = append(children, c)
	}
	// A first message makes all the queues there are.
	if err := f.send(ctx, "first", 1); err != nil {
		return err
	}
	if err := f.At(ctx, journal.Handled, f.attempts); err != nil {
		return err
	}
	if err := f.Flush(ctx); err != nil {
		return err
	}
	before := f.load / 2
	if err := f.send(ctx, "before", before-1); err != nil {
		return err
	}
	for i := range f.lives - 1 {
		if err := f.At(ctx, journal.Handled, f.attempts*before*(i+1)/(f.lives+1)); err != nil {
			return err
		}
		if err := f.crash(ctx, i, children); err != nil {
			return err
		}
	}
	return f.send(ctx, "after", f.load-before)
}

// crash kills the broker first, and a consumer after that.
func (f *failing) crash(ctx context.Context, i int, children []*victim.Child) (err error) {
	if i == 0 {
		err = f.KillBroker(ctx)
	} else {
		children[i].Kill()
		f.Injected()
		_, err = f.Spawn(ctx, f.jobs[i])
	}
	if err == nil && f.Control == "" {
		f.Resumed(ctx, recoverWithin)
	}
	return err
}

// send publishes n messages and waits until they are stored.
func (f *failing) send(ctx context.Context, name string, n int) error {
	j := f.Job(victim.Publisher, name, "work")
	j.Concurrency, j.First, j.Count = 64, f.IDs(n), uint64(n)
	done, _, err := f.Go(ctx, j)
	if err == nil {
		f.Requiref(f.Until(ctx, time.Minute, func() bool { return isClosed(done) }), "hanging: the sender did not come to an end")
	}
	return err
}

// settle waits until no message is on its way to another attempt.
func (f *failing) settle(ctx context.Context) {
	last, since := -1, time.Now()
	calm := 3 * time.Second
	f.Until(ctx, settleWithin, func() bool {
		if now := f.Count(journal.Handled); now != last || f.onTheWay() > 0 {
			last, since = now, time.Now()
		}
		// With messages missing there is little hope: lost ones do not come.
		return time.Since(since) > calm && (depth(f.Run, failed(f.Run, "work")) >= f.load || time.Since(since) > 4*calm)
	})
}

func (f *failing) onTheWay() int {
	queues := []string{f.Queue("work"), f.Queue("work.later")}
	for _, d := range victim.FailerDelays() {
		queues = append(queues, fmt.Sprintf("%s.wait.%d", f.Queue("work"), d.Milliseconds()))
	}
	n := 0
	for _, q := range queues {
		n += depth(f.Run, q)
	}
	return n
}

// judge counts attempts and looks into the error queue.
func (f *failing) judge() (oracle.Expect, error) {
	all, err := drain(f.Run, failed(f.Run, "work"))
	if err != nil {
		return oracle.Expect{}, err
	}
	moved, miscounted := map[string]int{}, 0
	for i := range all {
		moved[string(all[i].Body)]++
		if all[i].Headers[parley.HeaderFailureAttempt] != int64(f.attempts) || all[i].Headers[parley.HeaderFailureReason] == "" {
			miscounted++
		}
	}
	var exact, few, many, copied, lost, allowed int
	for id := uint64(1); id <= uint64(f.load); id++ {
		n, copies := f.Of(id).Handled, moved[text(id)]
		most := f.attempts * copies
		if id <= uint64(f.load/2) {
			// Each copy may have been set back by each crash.
			most *= f.lives
		} else if copies > 1 {
			copied++
		}
		allowed += most
		switch {
		case copies == 0:
			lost++
		case n < f.attempts:
			few++
		case n > most:
			many++
		case n == f.attempts:
			exact++
		}
	}
	f.Note("%d of %d messages with exactly %d attempts; %d copies in the error queue", exact, f.load, f.attempts, len(all)-len(moved))
	f.Requiref(few == 0, "wanted %d attempts, got fewer for %d messages", f.attempts, few)
	f.Requiref(many == 0, "wanted %d attempts, and no more than a crash explains, got more for %d messages", f.attempts, many)
	f.Requiref(lost == 0, "lost: %d of %d messages did not come to the error queue", lost, f.load)
	f.Requiref(copied == 0, "wanted each message that came after the crash once in the error queue, got %d more than once", copied)
	f.Requiref(miscounted == 0, "wanted every message in the error queue to tell of %d attempts, got others for %d", f.attempts, miscounted)
	return oracle.Expect{Duplicates: allowed}, nil
}
