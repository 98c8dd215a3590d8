package parley

import (
	"fmt"
	"time"
)

// gatherSettings are the bounds of a [Gather]: 0 is none, less is one that means
// nothing.
type gatherSettings struct {
	expect, atLeast int
	span, idle      time.Duration
	given           bool // since the last call of forCall
}

// Expect ends a [Gather] after n answers, failed ones too. Fewer by its time
// limit are an error, unless [AtLeast] says how many are enough, or [For] or
// [UntilIdle] that any number is.
func Expect(n int) SendOption {
	return gatherOption("Expect", n, func(s *gatherSettings, n int) { s.expect = n })
}

// AtLeast makes it an error when a [Gather] ends with fewer than n answers,
// failed ones included. It does not end it.
func AtLeast(n int) SendOption {
	return gatherOption("AtLeast", n, func(s *gatherSettings, n int) { s.atLeast = n })
}

// For ends a [Gather] after d, without an error. It is the time limit of its
// request too, in place of [Timeout].
func For(d time.Duration) SendOption {
	return gatherOption("For", d, func(s *gatherSettings, d time.Duration) { s.span = d })
}

// UntilIdle ends a [Gather], without an error, when no answer came for d: since
// the last one, or since the request was sent.
func UntilIdle(d time.Duration) SendOption {
	return gatherOption("UntilIdle", d, func(s *gatherSettings, d time.Duration) { s.idle = d })
}

func gatherOption[V int | time.Duration](name string, v V, set func(*gatherSettings, V)) SendOption {
	return sendOption{fmt.Sprintf("parley.%s(%v)", name, v), func(s *sendSettings) {
		if v <= 0 {
			v = -1
		}
		set(&s.gather, v)
		s.gather.given = true
	}}
}

// check returns what does not fit together.
func (s *gatherSettings) check(limit time.Duration, timeoutGiven bool) error {
	refused := func(wanted, got, hint string) error {
		return fmt.Errorf("parley: Gather: %w: wanted %s, got %s; hint: %s", ErrNotSent, wanted, got, hint)
	}
	switch {
	case s.expect < 0 || s.atLeast < 0 || s.span < 0 || s.idle < 0:
		return refused("bounds of more than 0", "one of 0 or less", "leave it out for none")
	case s.expect == 0 && s.atLeast == 0 && s.span == 0 && s.idle == 0:
		return refused("a bound", "none", "say when it ends: parley.Expect(n), parley.For(d), parley.UntilIdle(d) or parley.AtLeast(n)")
	case s.expect > 0 && s.atLeast > s.expect:
		return refused(fmt.Sprintf("an AtLeast of at most %d, which ends it", s.expect), fmt.Sprint(s.atLeast), "lower it, or raise parley.Expect")
	case s.span > 0 && timeoutGiven:
		return refused("parley.For or parley.Timeout", "both", "For is the time limit")
	case s.expect == 0 && s.idle == 0 && limit == 0:
		return refused("an end", "parley.AtLeast without a time limit", "add parley.For(d)")
	}
	return nil
}

// needed is how many answers are enough.
func (s *gatherSettings) needed() int {
	switch {
	case s.atLeast > 0:
		return s.atLeast
	case s.span > 0 || s.idle > 0:
		return 0
	default:
		return s.expect
	}
}
