package parley

import "sync/atomic"

// Stats count what an app did since it was made.
type Stats struct {
	// Handled messages were processed without an error.
	Handled uint64
	// Failed messages were answered with an error or moved to an error queue.
	Failed uint64
	// Retried messages were given to the broker for a delayed attempt.
	Retried uint64
	// Expired requests were not run because their time was up.
	Expired uint64
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
}

type stats struct {
	handled, failed, retried, expired, refusedReplyTo, unroutable, abandoned, late, duplicates, pauses, returned atomic.Uint64
}

func (s *stats) snapshot() Stats {
	return Stats{
		Handled:           s.handled.Load(),
		Failed:            s.failed.Load(),
		Retried:           s.retried.Load(),
		Expired:           s.expired.Load(),
		RefusedReplyTo:    s.refusedReplyTo.Load(),
		UnroutableReplies: s.unroutable.Load(),
		AbandonedStreams:  s.abandoned.Load(),
		LateReplies:       s.late.Load(),
		Duplicates:        s.duplicates.Load(),
		Pauses:            s.pauses.Load(),
		Returned:          s.returned.Load(),
	}
}
