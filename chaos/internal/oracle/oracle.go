// Package oracle judges what a run did to its messages.
package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parley-go/parley/chaos/internal/journal"
)

// shown is how many offending ids a finding names.
const shown = 10

// Expect is what a scenario allows.
type Expect struct {
	// Duplicates bounds the messages' extra runs, summed.
	Duplicates int
	// Definite allows definite failures; they must still not be handled.
	Definite bool
}

// Sets are the sizes of the sets of a run.
type Sets struct {
	Attempted, OK, Failed, Unknown, Handled int
	// Retried messages had an unknown outcome at least once.
	Retried int
	// Lost messages were reported as stored and never handled.
	Lost int
	// Duplicates are runs of handlers beyond the first, summed.
	Duplicates int
	// Histogram counts the messages that were handled n times.
	Histogram map[int]int
}

// Verdict is the sets and what is wrong with them.
type Verdict struct {
	Sets     Sets
	Findings []string
}

// Judge checks the sets of l. A message that was tried again is one that is
// stored when any attempt said so, else unknown when any attempt was.
func Judge(l *journal.Ledger, e Expect) Verdict {
	v := Verdict{Sets: Sets{Histogram: map[int]int{}}}
	var lost, foreign, hanging, contradicted []uint64
	for _, id := range l.IDs() {
		o := l.Of(id)
		v.Sets.add(o)
		switch {
		case o.Attempted == 0:
			foreign = append(foreign, id)
		case o.OK > 0 && o.Handled == 0:
			lost = append(lost, id)
		case o.OK+o.Failed+o.Unknown == 0:
			hanging = append(hanging, id)
		case o.OK+o.Unknown == 0 && o.Handled > 0:
			contradicted = append(contradicted, id)
		}
	}
	v.Sets.Lost = len(lost)
	v.find("lost: reported as stored, never handled", lost)
	v.find("handled, never attempted", foreign)
	v.find("hanging: neither stored nor failed nor unknown", hanging)
	v.find("reported as failed, yet handled", contradicted)
	if v.Sets.Duplicates > e.Duplicates {
		v.Findings = append(v.Findings, fmt.Sprintf("wanted at most %d duplicates, got %d (%s)", e.Duplicates, v.Sets.Duplicates, v.Sets.Spread()))
	}
	if v.Sets.Failed > 0 && !e.Definite {
		v.Findings = append(v.Findings, fmt.Sprintf("wanted no definite failures, got %d", v.Sets.Failed))
	}
	return v
}

func (s *Sets) add(o journal.Outcome) {
	if o.Attempted > 0 {
		s.Attempted++
	}
	switch {
	case o.OK > 0:
		s.OK++
	case o.Unknown > 0:
		s.Unknown++
	case o.Failed > 0:
		s.Failed++
	}
	if o.Unknown > 0 {
		s.Retried++
	}
	if o.Handled > 0 {
		s.Handled++
		s.Histogram[o.Handled]++
		s.Duplicates += o.Handled - 1
	}
}

func (v *Verdict) find(what string, ids []uint64) {
	if len(ids) == 0 {
		return
	}
	text := fmt.Sprintf("%s: %d, ids %v", what, len(ids), ids[:min(len(ids), shown)])
	if len(ids) > shown {
		text += " …"
	}
	v.Findings = append(v.Findings, text)
}

// Spread prints the histogram: how many messages were handled how often.
func (s *Sets) Spread() string {
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(s.Histogram)) {
		parts = append(parts, fmt.Sprintf("%d×: %d", n, s.Histogram[n]))
	}
	return strings.Join(parts, ", ")
}

// String prints the size of each set.
func (s *Sets) String() string {
	return fmt.Sprintf("attempted %d, ok %d, failed %d, unknown %d (%d tried again), handled %d, duplicates %d (%s), lost %d",
		s.Attempted, s.OK, s.Failed, s.Unknown, s.Retried, s.Handled, s.Duplicates, s.Spread(), s.Lost)
}
