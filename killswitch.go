package parley

import (
	"context"
	"sync"
	"time"
)

// outcome is what a run of a handler tells about what the handler depends on.
type outcome uint8

const (
	// neutral: nothing.
	neutral outcome = iota
	succeeded
	failed
)

// change is what an outcome did to a kill switch.
type change uint8

const (
	unchanged change = iota
	opened
	reopened
	closed
)

// killSwitch stops the runs of a receiver while they fail. Open means that
// nothing runs but, after a pause, one probe at a time.
type killSwitch struct {
	options KillSwitchOptions

	mu sync.Mutex
	// window holds the last outcomes, true for a failure, from next on the
	// oldest ones once it is full; failures are counted.
	window   []bool
	next     int
	failures int
	// since is when it opened, zero while it is closed.
	since time.Time
	// pause is the present one; after retry a probe may run.
	pause   time.Duration
	retry   time.Time
	probing bool
	// changed is closed and replaced when a message that waits may go on.
	changed chan struct{}
}

// newKillSwitch returns nil for none.
func newKillSwitch(o *KillSwitchOptions) *killSwitch {
	if o == nil {
		return nil
	}
	return &killSwitch{options: *o, changed: make(chan struct{})}
}

// enter reports whether a run may start, and whether it is a probe, which must
// then end with record.
func (k *killSwitch) enter() (probe, ok bool) {
	if k == nil {
		return false, true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.since.IsZero():
		return false, true
	case k.probing || time.Now().Before(k.retry):
		return false, false
	default:
		k.probing = true
		return true, true
	}
}

// await waits until a run may start; false when ctx ended first.
func (k *killSwitch) await(ctx context.Context) bool {
	k.mu.Lock()
	open, changed, wait := !k.since.IsZero(), k.changed, time.Until(k.retry)
	if k.probing {
		wait = hold
	}
	k.mu.Unlock()
	if !open {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-changed:
		return true
	case <-ctx.Done():
		return false
	}
}

// open reports whether it is open, and since when.
func (k *killSwitch) open() (since time.Time, ok bool) {
	if k == nil {
		return time.Time{}, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.since, !k.since.IsZero()
}

// record takes the outcome of a run. While it is open only that of the probe
// counts: the others began before.
func (k *killSwitch) record(o outcome, probe bool) change {
	if k == nil {
		return unchanged
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case probe:
		return k.probed(o)
	case o == neutral || !k.since.IsZero():
		return unchanged
	}
	k.count(o == failed)
	if len(k.window) < k.options.Window || float64(k.failures) < k.options.Rate*float64(k.options.Window) {
		return unchanged
	}
	k.since, k.pause = time.Now(), k.options.Pause
	k.retry = k.since.Add(k.pause)
	return opened
}

// probed ends a probe. One that told nothing leaves its place to the next.
func (k *killSwitch) probed(o outcome) change {
	k.probing = false
	defer k.wake()
	switch o {
	case failed:
		k.pause = min(2*k.pause, k.options.MaxPause)
		k.retry = time.Now().Add(k.pause)
		return reopened
	case succeeded:
		k.since, k.window, k.next, k.failures = time.Time{}, nil, 0, 0
		return closed
	default:
		return unchanged
	}
}

func (k *killSwitch) count(failure bool) {
	if len(k.window) < k.options.Window {
		k.window = append(k.window, failure)
	} else {
		if k.window[k.next] {
			k.failures--
		}
		k.window[k.next] = failure
		k.next = (k.next + 1) % len(k.window)
	}
	if failure {
		k.failures++
	}
}

func (k *killSwitch) wake() {
	close(k.changed)
	k.changed = make(chan struct{})
}
