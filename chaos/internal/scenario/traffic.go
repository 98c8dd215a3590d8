package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

const (
	// recoverWithin is how soon messages must be handled after a fault ended,
	// where a scenario does not ask for less.
	recoverWithin = 30 * time.Second
	// settleWithin is how long a backlog may take.
	settleWithin = 2 * time.Minute
	// publishers share the load of a traffic.
	publishers = 4
)

// traffic is publishing and consuming while faults come at even steps of the
// load.
type traffic struct {
	load, faults, window, prefetch int
	// work is how long a message is handled, pace the pause of each sender.
	work, pace time.Duration
	// resume is how soon messages must be handled after a fault.
	resume time.Duration
	// flavor is of the publishers, consumer of the consumer.
	flavor, consumer victim.Flavor
	quorum           bool
	// flush has the queue written down before the load begins, for a broker that
	// is killed soon.
	flush bool
	// endless publishers go on until the last fault is over.
	endless bool
	// url is that of the broker, or of a network before it.
	url       string
	hosts     []string
	heartbeat time.Duration
}

// leaveOut takes a protection away from the side that has it.
func (t *traffic) leaveOut(control string) {
	switch f := victim.Flavor(control); f {
	case victim.NoRecovery, victim.AckFirst, victim.AckAll:
		t.consumer = f
	default:
		t.flavor = f
	}
}

func (t *traffic) run(ctx context.Context, r *stage.Run, fault func(context.Context) error) error {
	if _, err := t.consume(ctx, r); err != nil {
		return err
	}
	if t.flush {
		if err := r.Flush(ctx); err != nil {
			return err
		}
	}
	life, stop := context.WithCancel(ctx)
	defer stop()
	done, err := t.publish(life, r)
	if err != nil {
		return err
	}
	if t.resume == 0 {
		t.resume = recoverWithin
	}
	for _, point := range r.Points(t.load, t.faults) {
		if err := r.At(ctx, journal.Attempted, point); err != nil {
			return err
		}
		if err := fault(ctx); err != nil {
			return err
		}
		if !t.goesOn(ctx, r) {
			break
		}
	}
	if err := r.At(ctx, journal.Attempted, t.load); err != nil {
		return err
	}
	if t.endless {
		stop()
	}
	return finish(ctx, r, done, "work")
}

// goesOn waits until messages are handled again. Where nothing is left to
// handle because the publishers lost it, the oracle will say so.
func (t *traffic) goesOn(ctx context.Context, r *stage.Run) bool {
	if t.flavor == victim.Parley {
		return r.Resumed(ctx, t.resume)
	}
	handled := r.Count(journal.Handled)
	r.Until(ctx, r.Within(t.resume), func() bool { return r.Count(journal.Handled) > handled })
	return true
}

// finish waits until everything is sent and handled.
func finish(ctx context.Context, r *stage.Run, done []<-chan struct{}, queues ...string) error {
	for _, d := range done {
		if r.Seen() {
			break
		}
		if !r.Until(ctx, 4*time.Minute, func() bool { r.Count(journal.Handled); return ended([]<-chan struct{}{d}) }) {
			r.Wrongf("hanging: the senders did not come to an end")
			break
		}
	}
	r.Settle(ctx, settleWithin, queues...)
	return context.Cause(ctx)
}

// ended reports whether all have come to an end.
func ended(all []<-chan struct{}) bool {
	for _, done := range all {
		select {
		case <-done:
		default:
			return false
		}
	}
	return true
}

func (t *traffic) consume(ctx context.Context, r *stage.Run) (stop context.CancelFunc, err error) {
	j := r.Job(victim.Consumer, "consumer", "work")
	t.place(&j)
	j.Flavor, j.Work, j.Concurrency, j.Prefetch, j.Quorum = t.consumer, t.work, 32, t.prefetch, t.quorum
	_, stop, err = r.Go(ctx, j)
	return stop, err
}

// publish starts the publishers; those without end go on as long as ctx lives.
func (t *traffic) publish(ctx context.Context, r *stage.Run) ([]<-chan struct{}, error) {
	var all []<-chan struct{}
	for i := range publishers {
		j := r.Job(victim.Publisher, "publisher"+string(rune('1'+i)), "work")
		t.place(&j)
		j.Flavor, j.Concurrency, j.Pace = t.flavor, t.window/publishers, t.pace
		j.First, j.Count = r.IDs(t.load/publishers), uint64(t.load/publishers)
		if t.endless {
			j.First, j.Count = r.IDs(1<<32), 0
		}
		done, stop, err := r.Go(ctx, j)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, stop)
		all = append(all, done)
	}
	return all, nil
}

func (t *traffic) place(j *victim.Job) {
	if t.url != "" {
		j.URL = t.url
	}
	j.Hosts, j.Heartbeat = t.hosts, t.heartbeat
}
