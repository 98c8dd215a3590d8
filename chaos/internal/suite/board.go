package suite

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/parley-go/parley/chaos/internal/stage"
)

const (
	// showEvery is how often live lines are renewed on a terminal, tellEvery how
	// often a lane's is printed elsewhere.
	showEvery = time.Second / 2
	tellEvery = 20 * time.Second
	// width of a live line, which must not wrap.
	width = 100
	// shown is how many findings of a run are printed.
	shown = 8
)

// board has a live line for each lane, below what has ended. Its methods may be
// called concurrently.
type board struct {
	out      io.Writer
	terminal bool

	mu    sync.Mutex
	lines []line
	drawn time.Time
}

// line is what a lane does.
type line struct {
	title, text string
	told        time.Time
}

func newBoard(out io.Writer, terminal bool, lanes int) *board {
	return &board{out: out, terminal: terminal, lines: make([]line, lanes)}
}

func (b *board) begin(lane int, title string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines[lane] = line{title: title, told: time.Now()}
}

func (b *board) show(lane int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := &b.lines[lane]
	l.text = text
	switch {
	case b.terminal && time.Since(b.drawn) > showEvery:
		b.draw()
	case !b.terminal && time.Since(l.told) > tellEvery:
		l.told = time.Now()
		fmt.Fprintf(b.out, "… %s: %s\n", l.title, text)
	}
}

// draw prints the live lines and goes back to the first of them.
func (b *board) draw() {
	b.drawn = time.Now()
	for _, l := range b.lines {
		fmt.Fprintf(b.out, "\033[K%.*s\n", width, l.title+" … "+l.text)
	}
	fmt.Fprintf(b.out, "\033[%dA", len(b.lines))
}

// end prints how the run of a lane ended, where the live lines were.
func (b *board) end(lane int, r *stage.Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wipe()
	printRun(b.out, b.lines[lane].title, r)
	b.lines[lane] = line{}
	if b.terminal {
		b.draw()
	}
}

// wipe removes the live lines.
func (b *board) wipe() {
	if b.terminal {
		fmt.Fprint(b.out, "\033[J")
	}
}

func (b *board) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wipe()
}

func printRun(out io.Writer, title string, r *stage.Result) {
	fmt.Fprintf(out, "%s: %s [%s]\n", title, word(r), r.Took.Round(time.Second/10))
	if r.Sets.Attempted > 0 {
		fmt.Fprintf(out, "     %s; faults %d\n", r.Sets.String(), r.Faults)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(out, "     %s\n", n)
	}
	for _, f := range r.Findings[:min(len(r.Findings), shown)] {
		fmt.Fprintf(out, "     %.400s\n", f)
	}
	if more := len(r.Findings) - shown; more > 0 {
		fmt.Fprintf(out, "     and %d more\n", more)
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
