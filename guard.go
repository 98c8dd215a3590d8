package parley

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/parley-go/parley/transport"
)

const (
	// hold bounds how long a message waits for a guard, from the time at which
	// it was received: far below the broker's consumer timeout of 30 minutes,
	// and long enough that queues which count each return do not soon reach
	// their delivery limit.
	hold = 5 * time.Minute
	// leastHold is what a message gets that came late to its guard.
	leastHold = time.Second
	// leavePause is how long a message waits before it goes back at shutdown:
	// by then the broker sends it to somebody else.
	leavePause = 100 * time.Millisecond
)

// guards decide when a handler may run.
type guards struct {
	rate    *rateLimit
	breaker *killSwitch
	// scope is the receiver's part of the keys of a [Store].
	scope string
	// staying ends when the subscriber begins to stop, by depart.
	staying context.Context
	depart  context.CancelFunc
}

// newGuards returns those that the settings ask for.
func (r *receiver) newGuards() guards {
	return guards{
		rate:    newRateLimit(r.settings.rate.n, r.settings.rate.per),
		breaker: newKillSwitch(r.settings.killSwitch),
		scope:   r.claimScope(),
	}
}

// enter waits until the handler may run, and takes a slot for it; ok says so.
// Otherwise v is the end of the message.
func (d *delivery) enter(ctx context.Context) (v transport.Verdict, ok bool) {
	waiting, release := d.permit.within(ctx)
	defer release()
	for passed := d.pass(waiting); ; passed = d.holdBack(waiting, aMoment) && d.pass(waiting) {
		left, expired := d.permit.left(), d.expired()
		if passed && (left || expired) {
			d.leave()
		}
		switch {
		case left:
			return d.calledOff(ctx, nil), false
		case expired:
			return d.skip(), false
		case !passed:
			return d.notNow(ctx, leavePause), false
		}
		if v, ok = d.claim(ctx); ok || v != 0 {
			return v, ok
		}
	}
}

// aMoment is what a message waits for that a [Store] did not let run.
func aMoment(ctx context.Context) bool { return sleep(ctx, pause) }

// pass waits for a slot and for the guards, without the slot.
func (d *delivery) pass(ctx context.Context) bool {
	for d.acquire(ctx) {
		wait := d.guarded()
		if wait == nil {
			return true
		}
		<-d.slots
		if !d.holdBack(ctx, wait) {
			return false
		}
	}
	return false
}

// acquire waits for a free slot; false when ctx ended first, or the subscriber
// stops before the message was in hand.
func (d *delivery) acquire(ctx context.Context) bool {
	var stops <-chan struct{}
	if d.made == d.before {
		stops = d.staying.Done()
	}
	select {
	case <-stops:
		return false
	default:
	}
	select {
	case d.slots <- struct{}{}:
		return true
	case <-stops:
		return false
	case <-ctx.Done():
		return false
	}
}

// guarded returns nil when the handler may run now, else what to wait for.
func (d *delivery) guarded() func(context.Context) bool {
	if !d.rate.take() {
		return d.rate.await
	}
	probe, ok := d.breaker.enter()
	if !ok {
		d.rate.refund()
		return d.breaker.await
	}
	d.probe = probe
	return nil
}

// holdBack waits as long as a message may wait for a guard.
func (d *delivery) holdBack(ctx context.Context, wait func(context.Context) bool) bool {
	until := d.message.Received.Add(hold)
	if least := time.Now().Add(leastHold); until.Before(least) {
		until = least
	}
	if !d.deadline.IsZero() && d.deadline.Before(until) {
		until = d.deadline
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	defer context.AfterFunc(d.staying, cancel)()
	return wait(ctx)
}

// notNow gives back a message whose handler cannot run now, after a pause. One
// that is acknowledged already ends with the failure of its last run.
func (d *delivery) notNow(ctx context.Context, pause time.Duration) transport.Verdict {
	if d.acked && d.last != nil {
		return d.fail(ctx, d.last)
	}
	sleep(ctx, pause)
	return d.giveBack()
}

// leave gives up a slot, and the place of a probe, without a run.
func (d *delivery) leave() {
	<-d.slots
	d.breaker.record(neutral, d.probe)
}

// ran tells the kill switch how a run ended.
func (d *delivery) ran(ctx context.Context, err error) {
	d.last = err
	judged := judge(ctx, err)
	if err != nil && d.permit.left() {
		judged = neutral
	}
	switch d.breaker.record(judged, d.probe) {
	case opened:
		d.app.stats.pauses.Add(1)
		d.log(slog.LevelError, "handler fails too often; the subscriber pauses", slog.Duration("pause", d.breaker.options.Pause), slog.Any("error", err))
	case reopened:
		d.log(slog.LevelWarn, "probe failed; the subscriber stays paused", slog.Any("error", err))
	case closed:
		d.log(slog.LevelInfo, "probe succeeded; the subscriber goes on")
	}
}

func judge(ctx context.Context, err error) outcome {
	switch {
	case err == nil:
		return succeeded
	case !curable(err) || cutOff(ctx, err):
		return neutral
	default:
		return failed
	}
}

// cutOff reports whether the handler failed because the delivery is gone or the
// app stops.
func cutOff(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (contextCode(err) != CodeUnknown || errors.Is(err, context.Cause(ctx)))
}

// spared reports whether a failed message goes back to its queue because the
// subscriber is paused.
func (d *delivery) spared(err error) bool {
	told := d.tells() && d.marked && !d.settings.keepFailed
	return curable(err) && !d.acked && !told && !d.settledByHand()
}
