package parley

import (
	"fmt"
	"strconv"
	"time"

	"github.com/parley-go/parley/transport/topology"
)

// gatherSettings are the bounds of a [Gather]: 0 is none, less is one that means
// nothing.
type gatherSettings struct {
	expect, atLeast int
	span, idle      time.Duration
	// given and leastGiven are since the last call of forCall.
	given, leastGiven bool
	// first says that one good answer is all that is wanted.
	first bool
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
	return gatherOption("AtLeast", n, func(s *gatherSettings, n int) { s.atLeast, s.leastGiven = n, true })
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

// bounded reports whether there is a bound.
func (s *gatherSettings) bounded() bool {
	return s.expect != 0 || s.atLeast != 0 || s.span != 0 || s.idle != 0
}

// checkGather returns what does not fit together. Only a [First] needs no bound:
// it ends by itself.
func (s *sendSettings) checkGather(method string) error {
	g := &s.gather
	g.first = method == "First"
	if g.first {
		g.atLeast = 0
	}
	switch {
	case g.first && g.leastGiven:
		return &topology.Error{Wanted: "no AtLeast", Got: "one", Hint: "one good answer is enough; parley.Expect(n) ends it after n failed ones"}
	case g.expect < 0 || g.atLeast < 0 || g.span < 0 || g.idle < 0:
		return &topology.Error{Wanted: "bounds of more than 0", Got: "one of 0 or less", Hint: "leave it out for none"}
	case !g.first && !g.bounded():
		return &topology.Error{Wanted: "a bound", Got: "none", Hint: "say when it ends: parley.Expect(n), parley.For(d), parley.UntilIdle(d) or parley.AtLeast(n)"}
	case g.expect > 0 && g.atLeast > g.expect:
		return &topology.Error{Wanted: fmt.Sprintf("an AtLeast of at most %d, with which it ends", g.expect), Got: strconv.Itoa(g.atLeast), Hint: "lower it, or raise parley.Expect"}
	case g.span > 0 && s.timeoutGiven:
		return &topology.Error{Wanted: "parley.For or parley.Timeout", Got: "both", Hint: "For is the time limit"}
	case !g.first && g.expect == 0 && g.idle == 0 && g.span == 0 && s.timeout == 0:
		return &topology.Error{Wanted: "an end", Got: "parley.AtLeast without a time limit", Hint: "add parley.For(d)"}
	}
	return nil
}

// needed is how many answers are enough.
func (s *gatherSettings) needed() int {
	switch {
	case s.atLeast > 0:
		return s.atLeast
	case s.first || s.span > 0 || s.idle > 0:
		return 0
	default:
		return s.expect
	}
}
