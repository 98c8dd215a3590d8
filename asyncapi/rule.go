package asyncapi

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// rule is one validation of a validate tag.
type rule struct{ name, param string }

func (r rule) String() string {
	if r.param == "" {
		return r.name
	}
	return r.name + "=" + r.param
}

// parseRules splits a tag into rules, each a list of alternatives.
func parseRules(tag string) [][]rule {
	var all [][]rule
	for part := range strings.SplitSeq(tag, ",") {
		var alternatives []rule
		for one := range strings.SplitSeq(part, "|") {
			name, param, _ := strings.Cut(one, "=")
			param = strings.NewReplacer("0x2C", ",", "0x7C", "|").Replace(param)
			alternatives = append(alternatives, rule{name, param})
		}
		all = append(all, alternatives)
	}
	return all
}

// joinRules is the reverse of parseRules.
func joinRules(all [][]rule) string {
	parts := make([]string, 0, len(all))
	for _, alternatives := range all {
		texts := make([]string, 0, len(alternatives))
		for _, one := range alternatives {
			one.param = strings.NewReplacer(",", "0x2C", "|", "0x7C").Replace(one.param)
			texts = append(texts, one.String())
		}
		parts = append(parts, strings.Join(texts, "|"))
	}
	return strings.Join(parts, ",")
}

// crossField matches rules that look at other fields, or at the clock.
var crossField = regexp.MustCompile(`^(?:(?:eq|ne|gt|gte|lt|lte)(?:cs)?field|field(?:contains|excludes)|(?:required|excluded)_.*|skip_unless|validateFn)$`)

// constraint says a rule for values of t as a schema; nil when JSON Schema
// cannot say it. A rule with [ExtValidate] in its schema is said in part.
func constraint(t reflect.Type, r rule) *Schema { //nolint:gocyclo // a flat table of rules
	if t.Kind() == reflect.String {
		if known, ok := stringRules[r.name]; ok && r.param == "" {
			return &known
		}
		if s := textRule(r); s != nil {
			return s
		}
	}
	switch r.name {
	case "required":
		return requiredValue(t)
	case "min", "gte":
		return bound(t, r.param, lower, 0)
	case "gt":
		return bound(t, r.param, lower, 1)
	case "max", "lte":
		return bound(t, r.param, upper, 0)
	case "lt":
		return bound(t, r.param, upper, -1)
	case "len", "eq":
		return equals(t, r)
	case "ne":
		if s := equals(t, rule{"eq", r.param}); s != nil {
			return &Schema{Not: s}
		}
	case "oneof":
		return oneOf(t, r.param)
	case "noneof":
		if s := oneOf(t, r.param); s != nil {
			return &Schema{Not: s}
		}
	case "unique":
		return uniqueItems(t, r.param)
	case "port":
		if isInteger(t) {
			return &Schema{Minimum: "1", Maximum: "65535"}
		}
	case "numeric", "number":
		if isNumeric(t) {
			return &Schema{}
		}
	case "boolean":
		if t.Kind() == reflect.Bool {
			return &Schema{}
		}
	}
	return nil
}

func isInteger(t reflect.Type) bool { return t.Kind() >= reflect.Int && t.Kind() <= reflect.Uintptr }

func isNumeric(t reflect.Type) bool {
	return isInteger(t) || t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64
}

// requiredValue refuses the zero value.
func requiredValue(t reflect.Type) *Schema {
	switch {
	case t == timeType:
		return &Schema{Not: &Schema{Pattern: patternZeroTime}}
	case t.Kind() == reflect.String:
		return &Schema{MinLength: new(1)}
	case t.Kind() == reflect.Bool:
		return &Schema{Const: json.RawMessage("true")}
	case isNumeric(t):
		return &Schema{Not: &Schema{Const: json.RawMessage("0")}}
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Map, t.Kind() == reflect.Interface:
		return &Schema{}
	default:
		return nil
	}
}

// textRule are rules of strings with a parameter.
func textRule(r rule) *Schema {
	quoted := regexp.QuoteMeta(r.param)
	switch r.name {
	case "startswith":
		return &Schema{Pattern: "^" + quoted}
	case "endswith":
		return &Schema{Pattern: quoted + "$"}
	case "contains", "containsrune":
		return &Schema{Pattern: quoted}
	case "startsnotwith":
		return &Schema{Not: &Schema{Pattern: "^" + quoted}}
	case "endsnotwith":
		return &Schema{Not: &Schema{Pattern: quoted + "$"}}
	case "excludes", "excludesrune":
		return &Schema{Not: &Schema{Pattern: quoted}}
	case "containsany":
		return &Schema{Pattern: anyRune(r.param)}
	case "excludesall":
		return &Schema{Not: &Schema{Pattern: anyRune(r.param)}}
	case "datetime":
		return layoutRule(r)
	}
	return nil
}

func anyRune(chars string) string {
	var each []string
	for _, c := range chars {
		each = append(each, regexp.QuoteMeta(string(c)))
	}
	return "(?:" + strings.Join(each, "|") + ")"
}

// side is the end of a range.
type side bool

const (
	lower side = false
	upper side = true
)

// bound limits a number, or the length of what has one. step is 0 for a limit
// that is itself allowed, else 1 or -1.
func bound(t reflect.Type, param string, end side, step int) *Schema {
	if isNumeric(t) {
		n := numberParam(t, param)
		switch {
		case n == "":
			return nil
		case end == lower && step == 0:
			return &Schema{Minimum: n}
		case end == lower:
			return &Schema{ExclusiveMinimum: n}
		case step == 0:
			return &Schema{Maximum: n}
		default:
			return &Schema{ExclusiveMaximum: n}
		}
	}
	n, err := strconv.ParseInt(param, 0, 32)
	if err != nil {
		return nil
	}
	length := int(n) + step
	if end == upper && length < 0 {
		return &Schema{Not: &Schema{}}
	}
	return lengthSchema(t, max(length, 0), end)
}

func lengthSchema(t reflect.Type, n int, end side) *Schema {
	s := &Schema{}
	switch {
	case t.Kind() == reflect.String && end == lower:
		s.MinLength = &n
	case t.Kind() == reflect.String:
		s.MaxLength = &n
	case isBytes(t):
		return base64Length(n, end)
	case (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && end == lower:
		s.MinItems = &n
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		s.MaxItems = &n
	case t.Kind() == reflect.Map && end == lower:
		s.MinProperties = &n
	case t.Kind() == reflect.Map:
		s.MaxProperties = &n
	default:
		return nil
	}
	return s
}

// base64Length limits the length of bytes by that of their base64 form, on the
// strict side where three bytes are not full.
func base64Length(n int, end side) *Schema {
	switch {
	case end == upper:
		return &Schema{MaxLength: new(n / 3 * 4)}
	case n == 0:
		return &Schema{}
	default:
		return &Schema{MinLength: new((n-1)/3*4 + 4), Extensions: exceptWhole(n)}
	}
}

// exceptWhole notes a lower limit that base64 cannot say exactly.
func exceptWhole(n int) Extensions {
	if n%3 == 1 {
		return nil
	}
	return Extensions{ExtValidate: fmt.Sprintf("min=%d", n)}
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// numberParam is a parameter as a JSON number, "" when it is none.
func numberParam(t reflect.Type, param string) json.Number {
	if t == reflect.TypeFor[time.Duration]() {
		if d, err := time.ParseDuration(param); err == nil {
			return json.Number(strconv.FormatInt(int64(d), 10))
		}
	}
	if isInteger(t) {
		if n, ok := new(big.Int).SetString(param, 0); ok {
			return json.Number(n.String())
		}
		return ""
	}
	f, err := strconv.ParseFloat(param, 64)
	if err != nil {
		return ""
	}
	data, err := json.Marshal(f)
	if err != nil {
		return ""
	}
	return json.Number(data)
}

// equals fixes a value, or the length of what has one.
func equals(t reflect.Type, r rule) *Schema {
	switch {
	case isNumeric(t):
		if n := numberParam(t, r.param); n != "" {
			return &Schema{Const: json.RawMessage(n)}
		}
		return nil
	case t.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(r.param)
		if err != nil || r.name == "len" {
			return nil
		}
		return &Schema{Const: json.RawMessage(strconv.FormatBool(b))}
	case t.Kind() == reflect.String && r.name == "eq":
		data, err := encode(r.param)
		if err != nil {
			return nil
		}
		return &Schema{Const: data}
	}
	n, err := strconv.ParseInt(r.param, 0, 32)
	if err != nil || n < 0 || isBytes(t) {
		return nil
	}
	least, most := lengthSchema(t, int(n), lower), lengthSchema(t, int(n), upper)
	if least == nil {
		return nil
	}
	least.MaxLength, least.MaxItems, least.MaxProperties = most.MaxLength, most.MaxItems, most.MaxProperties
	return least
}

var oneOfParts = regexp.MustCompile(`'[^']*'|\S+`)

func oneOf(t reflect.Type, param string) *Schema {
	s := &Schema{}
	for _, part := range oneOfParts.FindAllString(param, -1) {
		part = strings.ReplaceAll(part, "'", "")
		switch {
		case t.Kind() == reflect.String:
			s.Enum = append(s.Enum, part)
		case isInteger(t):
			if _, ok := new(big.Int).SetString(part, 10); !ok {
				return nil
			}
			s.Enum = append(s.Enum, json.Number(part))
		default:
			return nil
		}
	}
	if len(s.Enum) == 0 {
		return nil
	}
	return s
}

func uniqueItems(t reflect.Type, param string) *Schema {
	if param != "" || t.Kind() != reflect.Slice && t.Kind() != reflect.Array || isBytes(t) {
		return nil
	}
	elem, _ := indirect(t.Elem())
	if elem.Kind() != reflect.String && elem.Kind() != reflect.Bool && !isNumeric(elem) || codesItself(elem, input) {
		return nil
	}
	return &Schema{UniqueItems: true}
}
