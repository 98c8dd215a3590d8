package asyncapi

import (
	"fmt"
	"slices"
	"strings"
)

// Verdict is what a [Change] means for the peers of the application.
type Verdict string

// The verdicts, the worst first.
const (
	// Breaking: a peer that fits the old document can fail with the new one.
	Breaking Verdict = "breaking"
	// Unknown: it may break a peer; the documents do not tell.
	Unknown Verdict = "unknown"
	// Compatible: peers of the old document go on working.
	Compatible Verdict = "compatible"
	// Neutral: texts and the like.
	Neutral Verdict = "neutral"
)

var verdicts = []Verdict{Breaking, Unknown, Compatible, Neutral}

// Change is one difference between two documents.
type Change struct {
	Verdict Verdict `json:"verdict"`
	// Who is concerned: "callers", who send what the application receives,
	// "readers", who get what it sends, or "operators" of the broker.
	Who string `json:"who,omitempty"`
	// Operation is the action and the address, such as "receive orders.place";
	// empty for the document as a whole.
	Operation string `json:"operation,omitempty"`
	// Pointer is the JSON pointer of the place: in the new document, or, for
	// what is gone, in the old one.
	Pointer string `json:"pointer"`
	// Message says what changed, on one line.
	Message string `json:"message"`
}

// Changes are the differences between two documents, the worst first.
type Changes []Change

// Diff compares two documents of one application. It goes by address and
// action, not by the keys of the document. What the application receives may
// only widen, what it sends may only narrow: a new required field breaks the
// callers of a receive operation, a field that is gone breaks the readers of a
// reply. Where it cannot tell it says so, after trying the examples of one
// document on the other.
func Diff(older, newer *Document) Changes {
	d := &differ{older: newSide(older), newer: newSide(newer)}
	d.texts()
	for _, key := range sortedKeys(d.older.operations) {
		o := d.older.operations[key]
		if n, ok := d.newer.operations[key]; ok {
			d.operation(key, o, n)
			continue
		}
		d.current, d.who = key, peersOf(o.Action)
		d.addf(Breaking, pointer("operations", o.key), "the operation is gone")
	}
	for _, key := range sortedKeys(d.newer.operations) {
		if _, ok := d.older.operations[key]; !ok {
			n := d.newer.operations[key]
			d.current, d.who = key, peersOf(n.Action)
			d.addf(Compatible, pointer("operations", n.key), "the operation is new")
		}
	}
	slices.SortStableFunc(d.changes, func(a, b Change) int {
		return slices.Index(verdicts, a.Verdict) - slices.Index(verdicts, b.Verdict)
	})
	return slices.Compact(d.changes)
}

// peersOf are those whom an operation's message concerns.
func peersOf(a Action) string {
	if a == Receive {
		return "callers"
	}
	return "readers"
}

// Has reports whether a change has the verdict.
func (cs Changes) Has(v Verdict) bool {
	return slices.ContainsFunc(cs, func(c Change) bool { return c.Verdict == v })
}

// ExitCode is what a program ends with in CI: 1 when something breaks, 2 when
// that cannot be told, else 0.
func (cs Changes) ExitCode() int {
	switch {
	case cs.Has(Breaking):
		return 1
	case cs.Has(Unknown):
		return 2
	default:
		return 0
	}
}

// Text is a report for people: one line for each change, and a last one that
// counts them.
func (cs Changes) Text() string {
	var b strings.Builder
	count := map[Verdict]int{}
	for _, c := range cs {
		count[c.Verdict]++
		who := ""
		if c.Who != "" && c.Verdict != Neutral {
			who = " for " + c.Who
		}
		operation := ""
		if c.Operation != "" {
			operation = " " + c.Operation + ":"
		}
		fmt.Fprintf(&b, "%s%s:%s %s (%s)\n", c.Verdict, who, operation, c.Message, c.Pointer)
	}
	fmt.Fprintf(&b, "%d breaking, %d unknown, %d compatible, %d neutral\n", count[Breaking], count[Unknown], count[Compatible], count[Neutral])
	return b.String()
}

// JSON is the report for programs: {"changes": […], "exitCode": n}.
func (cs Changes) JSON() ([]byte, error) {
	if cs == nil {
		cs = Changes{}
	}
	return encode(struct {
		Changes  Changes `json:"changes"`
		ExitCode int     `json:"exitCode"`
	}{cs, cs.ExitCode()})
}

// differ compares two documents.
type differ struct {
	older, newer *docSide
	changes      Changes
	// current and who are what is being compared.
	current, who string
	// sends is the direction: false for what the application receives.
	sends bool
	seen  map[[2]*Schema]bool
}

// docSide is one of the documents, by what it does.
type docSide struct {
	*Document
	operations map[string]*sideOperation
	checker    *checker
}

type sideOperation struct {
	*Operation
	key     string
	channel *Channel
}

func newSide(d *Document) *docSide {
	s := &docSide{Document: d, operations: map[string]*sideOperation{}}
	s.checker, _ = newChecker(d) // without one, examples are not tried
	for _, key := range sortedKeys(d.Operations) {
		op := &sideOperation{Operation: d.Operations[key], key: key}
		_, op.channel = d.Channel(op.Channel)
		id := string(op.Action) + " " + op.place()
		for i := 2; s.operations[id] != nil; i++ {
			id = fmt.Sprintf("%s %s (%d)", op.Action, op.place(), i)
		}
		s.operations[id] = op
	}
	return s
}

// place is where the operation's messages go: the address, and the exchange
// where there is one.
func (op *sideOperation) place() string {
	if op.channel == nil {
		return op.Channel.Ref
	}
	address := ""
	if op.channel.Address != nil {
		address = inBraces.ReplaceAllString(*op.channel.Address, "{}")
	}
	if b := op.channel.Bindings; b != nil && b.AMQP != nil && b.AMQP.Exchange != nil {
		address += " of exchange " + b.AMQP.Exchange.Name
	}
	return address
}

func (d *differ) addf(v Verdict, at, format string, args ...any) {
	d.changes = append(d.changes, Change{v, d.who, d.current, at, fmt.Sprintf(format, args...)})
}

// narrowerf and widerf report a change of a schema: it takes fewer values, or
// more. Which of them breaks somebody depends on the direction.
func (d *differ) narrowerf(at, format string, args ...any) {
	if d.sends {
		d.addf(Compatible, at, format, args...)
		return
	}
	d.addf(Breaking, at, format, args...)
}

func (d *differ) widerf(at, format string, args ...any) {
	if d.sends {
		d.addf(Breaking, at, format, args...)
		return
	}
	d.addf(Compatible, at, format, args...)
}
