package asyncapi

import (
	"regexp"
	"strings"
	"time"
)

// layoutElements are the elements of a layout of package time that a pattern
// can say. time.Parse takes a fraction behind seconds that the layout does not
// name, and hours of one digit: a pattern that takes less is sound.
var layoutElements = []struct{ element, pattern string }{
	{"2006", `[0-9]{4}`},
	{"01", `(?:0[1-9]|1[0-2])`},
	{"02", `(?:0[1-9]|[12][0-9]|3[01])`},
	{"15", `(?:[01][0-9]|2[0-3])`},
	{"04", `[0-5][0-9]`},
	{"05", `[0-5][0-9]`},
	{"Z07:00", `(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])`},
}

// layoutRule says the rule "datetime". Two layouts have a format of JSON Schema
// that knows the days of a month; for the others a pattern says the form.
func layoutRule(r rule) *Schema {
	if r.param == time.RFC3339 {
		return &Schema{Format: "date-time", Pattern: patternTime}
	}
	pattern := layoutPattern(r.param)
	switch {
	case pattern == "":
		return nil
	case r.param == time.DateOnly:
		return &Schema{Format: "date", Pattern: pattern}
	case !strings.Contains(r.param, "02"):
		return &Schema{Pattern: pattern}
	default:
		return &Schema{Pattern: pattern, Extensions: Extensions{ExtValidate: r.String()}}
	}
}

// layoutPattern is the pattern of the texts of a layout, "" when it has other
// elements than those of layoutElements.
func layoutPattern(layout string) string {
	var b strings.Builder
	b.WriteByte('^')
next:
	for layout != "" {
		for _, e := range layoutElements {
			if rest, ok := strings.CutPrefix(layout, e.element); ok {
				b.WriteString(e.pattern)
				layout = rest
				continue next
			}
		}
		if !strings.ContainsRune("-/:. T", rune(layout[0])) {
			return ""
		}
		b.WriteString(regexp.QuoteMeta(layout[:1]))
		layout = layout[1:]
	}
	b.WriteByte('$')
	return b.String()
}
