package asyncapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parley-go/parley/asyncapi/internal/ui"
)

// limits are the constraints of one level of a schema in a few words each.
func limits(s *Schema) []ui.Limit {
	var all []ui.Limit
	say := func(text string) {
		if text != "" {
			all = append(all, ui.Limit{Text: text})
		}
	}
	say(numberRange(s))
	if s.MultipleOf != "" {
		say("multiple of " + string(s.MultipleOf))
	}
	say(count(s.MinLength, s.MaxLength, "character"))
	say(count(s.MinItems, s.MaxItems, "item"))
	say(count(s.MinProperties, s.MaxProperties, "entry"))
	if s.UniqueItems {
		say("no two alike")
	}
	if s.Pattern != "" && (s.Format == "" || len(s.Pattern) < 60) {
		all = append(all, ui.Limit{Text: "matches", Code: s.Pattern})
	}
	if n := s.PropertyNames; n != nil {
		for _, l := range limits(n) {
			all = append(all, ui.Limit{Text: "names " + l.Text, Code: l.Code})
		}
	}
	for _, inner := range []*Schema{s.Items, s.AdditionalProperties} {
		if inner == nil || inner.Ref != "" {
			continue
		}
		for _, l := range limits(inner) {
			all = append(all, ui.Limit{Text: "each " + l.Text, Code: l.Code})
		}
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Bool != nil && !*s.AdditionalProperties.Bool {
		say("no other properties")
	}
	return append(all, refusals(s)...)
}

// refusals are the values that are shut out one by one.
func refusals(s *Schema) []ui.Limit {
	switch n := s.Not; {
	case n == nil:
		return nil
	case n.Const != nil:
		return []ui.Limit{{Text: "not", Code: string(n.Const)}}
	case n.Pattern != "":
		return []ui.Limit{{Text: "does not match", Code: n.Pattern}}
	case len(n.Enum) > 0:
		values := make([]string, 0, len(n.Enum))
		for _, v := range n.Enum {
			values = append(values, inWords(v))
		}
		return []ui.Limit{{Text: "none of", Code: strings.Join(values, " ")}}
	default:
		return nil
	}
}

// wordSizes are the bounds that only repeat how wide an integer is.
var wordSizes = map[[2]json.Number]string{
	{"-128", "127"}:                                 "8 bits",
	{"-32768", "32767"}:                             "16 bits",
	{"-2147483648", "2147483647"}:                   "32 bits",
	{"-9223372036854775808", "9223372036854775807"}: "",
	{"0", "18446744073709551615"}:                   "0 or more",
	{"0", "9223372036854775807"}:                    "0 or more",
	{"0", "4294967295"}:                             "0 or more, 32 bits",
}

const largest = json.Number("9223372036854775807")

func numberRange(s *Schema) string {
	if text, ok := wordSizes[[2]json.Number{s.Minimum, s.Maximum}]; ok {
		return text
	}
	low, high := s.Minimum, s.Maximum
	if high == largest || high == "18446744073709551615" {
		high = ""
	}
	if low == "-9223372036854775808" {
		low = ""
	}
	var parts []string
	switch {
	case low != "" && low == high:
		return "exactly " + string(low)
	case low != "" && high != "":
		parts = append(parts, fmt.Sprintf("%s to %s", low, high))
	case low != "":
		parts = append(parts, string(low)+" or more")
	case high != "":
		parts = append(parts, string(high)+" or less")
	}
	if s.ExclusiveMinimum != "" {
		parts = append(parts, "more than "+string(s.ExclusiveMinimum))
	}
	if s.ExclusiveMaximum != "" {
		parts = append(parts, "less than "+string(s.ExclusiveMaximum))
	}
	return strings.Join(parts, ", ")
}

func count(low, high *int, what string) string {
	switch {
	case low != nil && high != nil && *low == *high:
		return "exactly " + plural(*low, what)
	case low != nil && high != nil && *low > 0:
		return fmt.Sprintf("%d to %s", *low, plural(*high, what))
	case high != nil:
		return "at most " + plural(*high, what)
	case low != nil && *low == 1:
		return "not empty"
	case low != nil && *low > 1:
		return "at least " + plural(*low, what)
	default:
		return ""
	}
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	default:
		return fmt.Sprintf("%d %ss", n, what)
	}
}
