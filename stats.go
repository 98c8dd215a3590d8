package parley

import (
	"slices"
	"sync/atomic"
)

// Stats count what an app did since it was made.
type Stats struct {
	// Received messages were delivered by the broker, each delivery anew.
	Received uint64
	// Handled messages were processed without an error.
	Handled uint64
	// Failed messages were answered with an error or moved to an error queue.
	Failed uint64
	// Moved messages were put into an error queue.
	Moved uint64
	// Retried messages were given to the broker for a delayed attempt.
	Retried uint64
	// Expired requests were not run because their time was up.
	Expired uint64
	// Cancelled requests were called off by their callers, before or while they
	// were handled; see [Cancellable].
	Cancelled uint64
	// RefusedReplyTo messages named a reply address that is not allowed.
	RefusedReplyTo uint64
	// UnroutableReplies found nobody at their reply address.
	UnroutableReplies uint64
	// AbandonedStreams ended before their handlers because nobody read any more.
	AbandonedStreams uint64
	// LateReplies came for a request or a stream that had ended or never was.
	LateReplies uint64
	// Duplicates got the stored result of an earlier message; see [Deduplicate].
	Duplicates uint64
	// Pauses are how often a [KillSwitch] paused its subscriber.
	Pauses uint64
	// Returned messages were given back to the broker to be handled again.
	Returned uint64
	// Reconnects are how often a lost connection was up again.
	Reconnects uint64
}

type stats struct {
	received, handled, moved, retried, expired, refusedReplyTo, unroutable, abandoned, cancelled atomic.Uint64
	late, duplicates, pauses, returned, reconnects                                               atomic.Uint64

	// failed counts by code; its last place is for those that are none of the
	// sixteen.
	failed [len(codes) + 1]atomic.Uint64
}

// fail counts a failure.
func (s *stats) fail(code Code) {
	i := slices.Index(codes[:], code)
	if i < 0 {
		i = len(codes)
	}
	s.failed[i].Add(1)
}

func (s *stats) snapshot() Stats {
	var failed uint64
	for i := range s.failed {
		failed += s.failed[i].Load()
	}
	return Stats{
		Received:          s.received.Load(),
		Handled:           s.handled.Load(),
		Failed:            failed,
		Moved:             s.moved.Load(),
		Retried:           s.retried.Load(),
		Expired:           s.expired.Load(),
		Cancelled:         s.cancelled.Load(),
		RefusedReplyTo:    s.refusedReplyTo.Load(),
		UnroutableReplies: s.unroutable.Load(),
		AbandonedStreams:  s.abandoned.Load(),
		LateReplies:       s.late.Load(),
		Duplicates:        s.duplicates.Load(),
		Pauses:            s.pauses.Load(),
		Returned:          s.returned.Load(),
		Reconnects:        s.reconnects.Load(),
	}
}

// FailedByCode returns [Stats].Failed by the code of the failure, those that
// there were. Codes that are none of the sixteen count together, as "".
func (a *App) FailedByCode() map[Code]uint64 {
	all := map[Code]uint64{}
	for i := range a.stats.failed {
		n := a.stats.failed[i].Load()
		switch {
		case n == 0:
		case i == len(codes):
			all[""] = n
		default:
			all[codes[i]] = n
		}
	}
	return all
}

// PendingRequests returns how many requests of the app wait for their replies
// now, see [MaxPending].
func (a *App) PendingRequests() int {
	n := a.current.Load()
	if n == nil {
		return 0
	}
	return n.calls.waiting()
}
