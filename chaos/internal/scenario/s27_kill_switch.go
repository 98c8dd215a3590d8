package scenario

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// dependencyDown takes away what a handler needs, with a full queue before it.
func dependencyDown() Scenario {
	const off = "kill switch off"
	return Scenario{
		Number: 27, Name: "dependency down, queue full",
		Must:     "consumption pauses; less than 1 % to the error queue; it resumes by itself",
		Controls: []string{off},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			r.Faults(1)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			o := &outage{bench: b, load: r.Load(10_000), lasts: 30 * time.Second / time.Duration(r.Part()*r.Part())}
			return oracle.Expect{}, o.act(ctx, r.Control != off)
		},
	}
}

// outage is a dependency that goes and comes back.
type outage struct {
	*bench

	load  int
	lasts time.Duration
	down  atomic.Bool
	// failures counts the runs that met it down.
	failures atomic.Int64
}

var errOutage = errors.New("the dependency is down")

// The kill switch opens at the fourth failure of the last eight runs, far below
// a hundredth of the load, and probes within maxPause.
const (
	window   = 8
	maxPause = time.Second
)

func (o *outage) handle(_ context.Context, body string) error {
	id, err := strconv.ParseUint(body, 10, 64)
	if err != nil {
		return err
	}
	<-time.After(time.Millisecond)
	if o.down.Load() {
		o.failures.Add(1)
		return errOutage
	}
	o.journal.Note(journal.Handled, id)
	return nil
}

func (o *outage) act(ctx context.Context, protected bool) error {
	const concurrency = 4
	app := o.app(o.Node.URL())
	options := []parley.SubscriberOption{parley.Concurrency(concurrency), parley.Prefetch(4 * concurrency)}
	if protected {
		options = append(options, parley.KillSwitch(parley.KillSwitchOptions{Window: window, Pause: maxPause / 4, MaxPause: maxPause}))
	}
	sub := app.Subscriber(o.Queue("work"), o.handle, options...)
	if err := o.fill(ctx); err != nil {
		return err
	}
	if err := app.Start(ctx); err != nil {
		return err
	}
	if err := o.At(ctx, journal.Handled, o.load/10); err != nil {
		return err
	}
	o.down.Store(true)
	o.Injected()
	paused := func() bool { _, yes := sub.Paused(); return yes }
	o.Requiref(o.Until(ctx, patience(o.Run), paused), "wanted the subscriber to pause, got it at work")
	began := time.Now()
	spoilt := func() bool { return depth(o.Run, failed(o.Run, "work")) >= o.load/100 }
	o.Until(ctx, o.lasts, spoilt)
	if protected {
		o.Requiref(paused(), "wanted the subscriber to stay paused, got it at work")
		o.probes(time.Since(began), concurrency)
	}
	o.down.Store(false)
	if protected && o.Resumed(ctx, recoverWithin) {
		o.Requiref(o.Until(ctx, recoverWithin, func() bool { return !paused() }), "wanted the subscriber to go on, got it paused")
	}
	o.Requiref(o.Until(ctx, settleWithin, func() bool { return o.Count(journal.Handled)+depth(o.Run, failed(o.Run, "work")) >= o.load }),
		"wanted every message handled or in the error queue, got %d and %d of %d", o.Count(journal.Handled), depth(o.Run, failed(o.Run, "work")), o.load)
	return o.judge()
}

// fill puts the load into the queue before anybody consumes it.
func (o *outage) fill(ctx context.Context) error {
	ch, closeAll, err := channel(o.Node.URL())
	if err != nil {
		return err
	}
	defer closeAll()
	if _, err := ch.QueueDeclare(o.Queue("work"), true, false, false, false, nil); err != nil {
		return err
	}
	sender := o.app(o.Node.URL())
	to := sender.Publisher(o.Queue("work"))
	if err := sender.Start(ctx); err != nil {
		return err
	}
	crowd(o.load, 100, o.IDs(o.load), func(id uint64) {
		o.journal.Note(journal.Attempted, id)
		o.settle(id, to.Publish(ctx, text(id)), nil)
	})
	return nil
}

// probes bounds the runs under the outage: those that open the switch, those
// that began before it was open, and one for each pause.
func (o *outage) probes(took time.Duration, concurrency int) {
	// Pauses grow from a quarter of the longest.
	most := window + concurrency + int(took/maxPause) + 4
	o.Note("%d runs met the outage in %v", o.failures.Load(), took.Round(100*time.Millisecond))
	o.Requiref(o.failures.Load() <= int64(most), "wanted at most %d runs while the dependency was down, got %d", most, o.failures.Load())
}

// judge takes the messages in the error queue for handled ones: each message
// is there or handled, and never both.
func (o *outage) judge() error {
	all, err := drain(o.Run, failed(o.Run, "work"))
	if err != nil {
		return err
	}
	for i := range all {
		id, err := strconv.ParseUint(string(all[i].Body), 10, 64)
		if err != nil {
			return err
		}
		o.journal.Note(journal.Handled, id)
	}
	o.Note("%d of %d messages came to the error queue", len(all), o.load)
	o.Requiref(100*len(all) < o.load, "wanted less than 1 %% in the error queue, got %d of %d", len(all), o.load)
	return nil
}
