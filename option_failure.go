package parley

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-go/parley/transport/topology"
)

// failurePolicy is when a message is acknowledged, how often it is tried, and
// what becomes of it in the end.
type failurePolicy struct {
	ackFirst  bool
	manual    bool
	immediate int
	delays    []time.Duration
	end       FailureEnd
}

// check returns what cannot be.
func (p *failurePolicy) check() error {
	switch {
	case p.ackFirst && p.manual:
		return &topology.Error{Wanted: "AckFirst or Manual", Got: "both", Hint: "leave one of them out"}
	case p.ackFirst && (p.end == DeadLetter || p.end == Requeue):
		return &topology.Error{Wanted: "a message that is not yet acknowledged for OnFailure(" + p.end.String() + ")", Got: "AckFirst", Hint: "use OnFailure(ErrorQueue) or OnFailure(Discard)"}
	case p.end > Discard:
		return &topology.Error{Wanted: "ErrorQueue, DeadLetter, Requeue or Discard", Got: fmt.Sprint(uint8(p.end)), Hint: "use one of the constants"}
	case p.immediate < 0:
		return &topology.Error{Wanted: "a number of attempts, 0 or more", Got: fmt.Sprint(p.immediate), Hint: "correct parley.Immediate"}
	}
	for _, d := range p.delays {
		if d < time.Millisecond || d > longestDelay {
			return &topology.Error{Wanted: "a delay from 1 ms to 7 days", Got: d.String(), Hint: "correct parley.Delayed"}
		}
	}
	return nil
}

// perRound is how often the handler runs before a delayed retry.
func (p *failurePolicy) perRound() int { return p.immediate + 1 }

// AckFirst acknowledges a message before its handler runs: at most once. A
// process that dies loses what it had in hand; retries and the error queue work
// as ever while it lives.
func AckFirst() SubscriberOption {
	return subscriberOption{"parley.AckFirst()", func(s *subscriberSettings) { s.failure.ackFirst = true }}
}

// Manual leaves the acknowledgement to the handler, which takes a *[Delivery]
// as a further parameter and settles it once. A handler that fails without
// having done so ends as any other; one that succeeds without having done so is
// reported, and its message is moved to the error queue.
func Manual() SubscriberOption {
	return subscriberOption{"parley.Manual()", func(s *subscriberSettings) { s.failure.manual = true }}
}

// RetryRule is a part of [Retry]: [Immediate] or [Delayed].
type RetryRule interface {
	fmt.Stringer
	applyRetry(p *failurePolicy)
}

type retryRule struct {
	text  string
	apply func(*failurePolicy)
}

func (r retryRule) String() string              { return r.text }
func (r retryRule) applyRetry(p *failurePolicy) { r.apply(p) }

// Immediate runs the handler up to n more times in the same process, with a
// growing pause from 20 ms to 1 s and jitter between the attempts.
func Immediate(n int) RetryRule {
	return retryRule{
		fmt.Sprintf("parley.Immediate(%d)", n),
		func(p *failurePolicy) { p.immediate = n },
	}
}

// Delayed gives a message that failed back to the broker and tries it again
// after each of the delays in turn, in whole milliseconds and at most 7 days.
// It waits in a queue for that delay alone, so no message waits behind another
// one's longer delay; any instance may take it.
func Delayed(delays ...time.Duration) RetryRule {
	return retryRule{
		fmt.Sprintf("parley.Delayed(%v)", delays),
		func(p *failurePolicy) { p.delays = slices.Clone(delays) },
	}
}

// Retry tries a failed message again. Each delayed attempt is followed by its
// own immediate ones: Retry(Immediate(3), Delayed(a, b, c)) runs the handler at
// most (3+1)×(3+1) times. The attempts are counted in the message, so restarts
// and further instances do not multiply them; an attempt that a crash cut off
// is made again. Without rules nothing is tried again, the default.
//
// [Permanent] errors and those with a code that says that another attempt
// cannot help (invalid_argument, not_found, already_exists, permission_denied,
// unauthenticated, failed_precondition, out_of_range, unimplemented, canceled)
// are not tried again. Nor is a request whose caller's deadline would pass.
func Retry(rules ...RetryRule) SubscriberOption {
	texts := make([]string, len(rules))
	for i, r := range rules {
		texts[i] = r.String()
	}
	return subscriberOption{
		"parley.Retry(" + strings.Join(texts, ", ") + ")",
		func(s *subscriberSettings) {
			s.failure.immediate, s.failure.delays = 0, nil
			for _, r := range rules {
				r.applyRetry(&s.failure)
			}
		},
	}
}

// FailureEnd is what becomes of a message after its last attempt.
type FailureEnd uint8

const (
	// ErrorQueue moves it to the error queue, confirmed, and then acknowledges
	// it. This is the default, and loses nothing.
	ErrorQueue FailureEnd = iota
	// DeadLetter rejects it: the broker gives it to the queue's dead-letter
	// exchange, at most once, or drops it where the queue has none.
	DeadLetter
	// Requeue puts it back after a pause of a second: it is tried for ever.
	Requeue
	// Discard acknowledges it: it is gone, but for a line in the log.
	Discard
)

// String returns the name of the constant.
func (e FailureEnd) String() string {
	return [...]string{"ErrorQueue", "DeadLetter", "Requeue", "Discard"}[e&3]
}

// OnFailure says what becomes of a message that was not processed, after its
// last attempt. A waiting parley caller is told in any case, and its request is
// then acknowledged.
func OnFailure(end FailureEnd) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.OnFailure(%s)", end),
		func(s *subscriberSettings) { s.failure.end = end },
	}
}
