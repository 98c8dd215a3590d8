package suite

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parley-go/parley/chaos/internal/resource"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// Report writes the table of outcomes in Markdown.
func Report(w io.Writer, o Options, f Facts, all []Outcome) {
	form := "full"
	if o.Short {
		form = "short"
	}
	fmt.Fprintf(w, "# Chaos: what was broken, and what held\n\n")
	fmt.Fprintf(w, "Form: %s, %d at once. Seed: %d. %s.\n\n", form, max(1, o.Lanes), o.Seed, f.String())
	fmt.Fprintf(w, "Each scenario ran with every protection and then, as negative controls, without one of them. "+
		"README.md beside this file says how to read the table.\n\n")
	fmt.Fprintln(w, "| # | Scenario | Must hold | Faults | Attempted | ok | Unknown | Handled | Duplicates | Lost | Recovery | Left over | Verdict | Controls |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for i := range all {
		row(w, &all[i])
	}
	fmt.Fprintf(w, "\nLeft over: goroutines, descriptors and MiB of heap more than before, in the driver / the worst of the victims that ended in order. "+
		"At most %d, %d and %d are taken for given back.\n", resource.Goroutines, resource.Descriptors, resource.Heap>>20)
	for i := range all {
		details(w, &all[i])
	}
}

func row(w io.Writer, o *Outcome) {
	r := &o.Result
	recovery := "–"
	if r.Recovered > 0 {
		recovery = r.Recovered.Round(10 * time.Millisecond).String()
	}
	var controls []string
	for i := range o.Controls {
		c := &o.Controls[i]
		controls = append(controls, fmt.Sprintf("%s: %s", c.Control, reason(c)))
	}
	s := &r.Sets
	verdict := strings.Join(append([]string{word(r)}, r.Notes...), "; ")
	fmt.Fprintf(w, "| %d | %s | %s | %d | %d | %d | %d | %d | %d | %d | %s | %s | %s | %s |\n", o.Scenario.Number, o.Scenario.Name, o.Scenario.Must,
		r.Faults, s.Attempted, s.OK, s.Retried, s.Handled, s.Duplicates, s.Lost, recovery, left(r.Left), cell(verdict), cell(strings.Join(controls, "<br>")))
}

// left prints what the driver kept, and the most that a victim did.
func left(all []resource.Span) string {
	if len(all) == 0 {
		return "–"
	}
	text := more(all[0])
	if len(all) == 1 {
		return text
	}
	worst := all[1]
	for _, s := range all[1:] {
		if s.After.Goroutines-s.Before.Goroutines > worst.After.Goroutines-worst.Before.Goroutines {
			worst = s
		}
	}
	return text + " / " + more(worst)
}

func more(s resource.Span) string {
	heap := (float64(s.After.Heap) - float64(s.Before.Heap)) / (1 << 20)
	return fmt.Sprintf("%+d, %+d, %+.1f", s.After.Goroutines-s.Before.Goroutines, s.After.Descriptors-s.Before.Descriptors, heap)
}

// reason says how a control failed, shortly.
func reason(c *stage.Result) string {
	text := word(c)
	switch {
	case c.Invalid != nil || len(c.Findings) == 0:
	case c.Sets.Lost > 0 && strings.HasPrefix(c.Findings[0], "lost"):
		text += fmt.Sprintf(", %d lost", c.Sets.Lost)
	default:
		text += ", " + fmt.Sprintf("%.120s", c.Findings[0])
	}
	return text
}

func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", "\\|"), "\n", " ")
}

func details(w io.Writer, o *Outcome) {
	if o.Passed() {
		return
	}
	fmt.Fprintf(w, "\n## %d %s\n\n", o.Scenario.Number, o.Scenario.Name)
	for _, r := range append([]stage.Result{o.Result}, o.Controls...) {
		name := "with every protection"
		if r.Control != "" {
			name = "without: " + r.Control
		}
		fmt.Fprintf(w, "* %s: %s; %s\n", name, word(&r), r.Sets.String())
		for _, p := range r.Plan {
			fmt.Fprintf(w, "  * the seed chose: %s\n", p)
		}
		for _, f := range r.Findings[:min(len(r.Findings), shown)] {
			fmt.Fprintf(w, "  * %s\n", f)
		}
	}
}
