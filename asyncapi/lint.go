package asyncapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Lint checks a document for what the official parser lets through: what breaks
// the specification without being noticed, and what breaks its readers. The
// findings stand in the order of their places; those of generating, in Notes,
// come last. A document without an error is still to be given to the parser.
func Lint(d *Document) []Finding {
	l := &linter{doc: d}
	if err := l.load(); err != nil {
		return []Finding{{Rule: "readable", Severity: SeverityError, Message: err.Error()}}
	}
	l.root()
	for _, key := range sortedKeys(d.Servers) {
		l.server(pointer("servers", key), key, d.Servers[key])
	}
	for _, key := range sortedKeys(d.Channels) {
		l.channel(pointer("channels", key), key, d.Channels[key])
	}
	for _, key := range sortedKeys(d.Operations) {
		l.operation(pointer("operations", key), key, d.Operations[key])
	}
	l.sameAddress()
	l.components()
	l.tree("", l.whole)
	l.unused()
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Rule, b.Rule))
	})
	return append(slices.Compact(l.found), d.Notes...)
}

// LintErrors are the findings of [Lint] that are errors.
func LintErrors(d *Document) []Finding {
	return slices.DeleteFunc(Lint(d), func(f Finding) bool { return f.Severity != SeverityError })
}

// VerifyLint fails a test for each error that [Lint] finds, with its JSON
// pointer, and logs the warnings.
func VerifyLint(tb TB, d *Document) {
	tb.Helper()
	for _, f := range Lint(d) {
		if f.Severity == SeverityError {
			tb.Errorf("%s", f)
		} else {
			tb.Logf("%s", f)
		}
	}
}

type linter struct {
	doc     *Document
	checker *checker
	// whole is the document as plain JSON values.
	whole any
	refs  map[string]bool
	found []Finding
}

func (l *linter) load() error {
	data, err := encode(l.doc)
	if err != nil {
		return err
	}
	if l.whole, err = decode(data); err != nil {
		return err
	}
	l.refs = map[string]bool{}
	l.checker, err = newChecker(l.doc)
	return err
}

func (l *linter) errorf(at, rule, format string, args ...any) {
	l.found = append(l.found, Finding{at, rule, SeverityError, fmt.Sprintf(format, args...)})
}

func (l *linter) warnf(at, rule, format string, args ...any) {
	l.found = append(l.found, Finding{at, rule, SeverityWarning, fmt.Sprintf(format, args...)})
}

// pointer writes a JSON pointer.
func pointer(steps ...string) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s))
	}
	return b.String()
}

// lookup finds what a reference names.
func (l *linter) lookup(ref string) (any, bool) {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, false
	}
	v := l.whole
	for step := range strings.SplitSeq(path, "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		object, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[step]; !ok {
			return nil, false
		}
	}
	return v, true
}
