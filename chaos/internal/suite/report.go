package suite

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parley-go/parley/chaos/internal/stage"
)

// Report writes the table of outcomes in Markdown.
func Report(w io.Writer, o Options, all []Outcome) {
	form := "full"
	if o.Short {
		form = "short"
	}
	fmt.Fprintf(w, "# Chaos: what was broken, and what held\n\n")
	fmt.Fprintf(w, "Form: %s. Seed: %d. Each scenario ran with every protection and then, as negative controls, without one of them.\n\n", form, o.Seed)
	fmt.Fprintln(w, "| # | Scenario | Must hold | Faults | Attempted | ok | Unknown | Handled | Duplicates | Lost | Recovery | Verdict | Controls |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for i := range all {
		row(w, &all[i])
	}
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
	fmt.Fprintf(w, "| %d | %s | %s | %d | %d | %d | %d | %d | %d | %d | %s | %s | %s |\n", o.Scenario.Number, o.Scenario.Name, o.Scenario.Must,
		r.Faults, s.Attempted, s.OK, s.Retried, s.Handled, s.Duplicates, s.Lost, recovery, cell(verdict), cell(strings.Join(controls, "<br>")))
}

// reason says how a control failed, shortly.
func reason(c *stage.Result) string {
	text := word(c)
	switch {
	case c.Invalid != nil || len(c.Findings) == 0:
	case c.Sets.Lost > 0:
		text += fmt.Sprintf(", %d lost", c.Sets.Lost)
	default:
		text += ", " + fmt.Sprintf("%.120s", c.Findings[0])
	}
	return text
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

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
		for _, f := range r.Findings[:min(len(r.Findings), shown)] {
			fmt.Fprintf(w, "  * %s\n", f)
		}
	}
}
