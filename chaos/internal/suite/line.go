package suite

import (
	"fmt"
	"io"
	"time"

	"github.com/parley-go/parley/chaos/internal/stage"
)

// showEvery is how often a live line is renewed.
const showEvery = time.Second

// shown is how many findings of a run are printed.
const shown = 8

// line is the live line of one run.
type line struct {
	out   io.Writer
	title string
	last  time.Time
}

func newLine(out io.Writer, title string) *line { return &line{out: out, title: title} }

func (l *line) show(text string) {
	if time.Since(l.last) < showEvery {
		return
	}
	l.last = time.Now()
	fmt.Fprintf(l.out, "\r\033[K%s … %s", l.title, text)
}

func (l *line) end(r *stage.Result) {
	fmt.Fprintf(l.out, "\r\033[K%s: %s [%s]\n", l.title, word(r), r.Took.Round(time.Second/10))
	if r.Sets.Attempted > 0 {
		fmt.Fprintf(l.out, "     %s; faults %d\n", r.Sets.String(), r.Faults)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(l.out, "     %s\n", n)
	}
	for _, f := range r.Findings[:min(len(r.Findings), shown)] {
		fmt.Fprintf(l.out, "     %.400s\n", f)
	}
	if more := len(r.Findings) - shown; more > 0 {
		fmt.Fprintf(l.out, "     and %d more\n", more)
	}
}

// word is the verdict on one run: a control is meant to fail.
func word(r *stage.Result) string {
	failed := len(r.Findings) > 0
	switch {
	case r.Invalid != nil:
		return "INVALID: " + r.Invalid.Error()
	case r.Control != "" && failed:
		return "seen to fail"
	case r.Control != "":
		return "VOID: did not fail"
	case failed:
		return "BROKEN"
	}
	return "holds"
}
