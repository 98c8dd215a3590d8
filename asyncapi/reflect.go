package asyncapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/swaggest/jsonschema-go"
)

// view is the side from which a type is described: what a service accepts and
// what it produces differ in what may be absent and in what is checked.
type view uint8

const (
	input view = iota
	output
)

// typeKey is a component schema to be.
type typeKey struct {
	goType reflect.Type
	view   view
}

// rules applies validate rules to a value, see parley.Operation.
type rules func(value any, rules string) error

// reflector describes Go types. Named structs, enums and recursive types
// become components, to which the rest refers by placeholders until
// [reflector.components] names them.
type reflector struct {
	rule   rules
	docs   Comments
	users  jsonschema.Reflector
	made   map[typeKey]*Schema
	keys   map[string]typeKey // by placeholder
	notes  []Finding
	faults []error
}

func newReflector(rule rules, docs Comments) *reflector {
	return &reflector{rule: rule, docs: docs, made: map[typeKey]*Schema{}, keys: map[string]typeKey{}}
}

func (r *reflector) faultf(t reflect.Type, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("type %s: %s", t, fmt.Sprintf(format, args...)))
}

func (r *reflector) note(rule, message string) {
	f := Finding{Rule: rule, Severity: SeverityWarning, Message: message}
	if !slices.Contains(r.notes, f) {
		r.notes = append(r.notes, f)
	}
}

func (r *reflector) err() error { return errors.Join(r.faults...) }

// body describes what stands in a body. null is read as no value; it is never
// written, since no value is an empty body.
func (r *reflector) body(t reflect.Type, v view) *Schema {
	base, depth := indirect(t)
	s := r.value(base, v)
	if v == output {
		if s.isAny() && base.Kind() == reflect.Interface {
			return &Schema{Not: &Schema{Type: Types{"null"}}}
		}
		return s
	}
	if depth > 0 || base.Kind() == reflect.Interface {
		return orNull(s)
	}
	if (base.Kind() == reflect.Slice || base.Kind() == reflect.Map) && !codesItself(base, v) {
		return orNull(s)
	}
	return s
}

// field describes a value of t inside another one.
func (r *reflector) field(t reflect.Type, v view) *Schema {
	s := r.value(t, v)
	if canBeNull(t, v) {
		return orNull(s)
	}
	return s
}

// canBeNull reports whether nil, written as null, is a value of t.
func canBeNull(t reflect.Type, v view) bool {
	switch t.Kind() {
	case reflect.Pointer:
		return true
	case reflect.Slice, reflect.Map:
		return t != rawMessageType && !codesItself(t, v)
	default:
		return false
	}
}

// value describes the values of t but nil.
func (r *reflector) value(t reflect.Type, v view) *Schema {
	t, _ = indirect(t)
	if isComponent(t, v) {
		return r.refer(typeKey{t, v})
	}
	return r.define(t, v)
}

const placeholderPrefix = "go:"

func (r *reflector) refer(k typeKey) *Schema {
	placeholder := fmt.Sprintf("%s%d:%s/%s", placeholderPrefix, k.view, k.goType.PkgPath(), k.goType)
	r.keys[placeholder] = k
	if _, begun := r.made[k]; !begun {
		r.made[k] = nil
		r.made[k] = r.define(k.goType, k.view)
	}
	return &Schema{Ref: placeholder}
}

// isComponent reports whether t is described once and referred to.
func isComponent(t reflect.Type, v view) bool {
	switch {
	case t.Name() == "" || t.PkgPath() == "" || wellKnown[t] != nil || isUUID(t):
		return false
	case exposed(t):
		return true
	case codesItself(t, v):
		return isEnum(t) || alternatives(t)
	default:
		return t.Kind() == reflect.Struct || isEnum(t) || reaches(t.Elem, t)
	}
}

// reaches reports whether a named slice, array or map holds itself without a
// struct in between.
func reaches(elem func() reflect.Type, t reflect.Type) bool {
	if !hasElem(t) {
		return false
	}
	seen := map[reflect.Type]bool{}
	for e := elem(); !seen[e]; e = e.Elem() {
		if e == t {
			return true
		}
		if !hasElem(e) && e.Kind() != reflect.Pointer {
			return false
		}
		seen[e] = true
	}
	return false
}

func hasElem(t reflect.Type) bool {
	return t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map
}

// define describes t in place.
func (r *reflector) define(t reflect.Type, v view) *Schema {
	if known := wellKnown[t]; known != nil {
		return known(v)
	}
	if exposed(t) {
		return r.exposedSchema(t, v)
	}
	var s *Schema
	switch {
	case isUUID(t):
		s = &Schema{Type: Types{"string"}, Format: "uuid", Pattern: patternUUID}
	case codesItself(t, v) && alternatives(t):
		s = r.oneOfSchema(t, v)
	case codesItself(t, v):
		s = r.foreignCoding(t, v)
	case t.Kind() == reflect.Struct:
		s = r.structure(t, v)
	default:
		s = r.kind(t, v)
	}
	if isEnum(t) {
		r.enum(s, t)
	}
	if s.Description == "" && t.Name() != "" {
		s.Description = r.docs.ofType(t)
	}
	return s
}

// kind describes types by their kind alone.
func (r *reflector) kind(t reflect.Type, v view) *Schema {
	switch t.Kind() {
	case reflect.Bool:
		return &Schema{Type: Types{"boolean"}}
	case reflect.String:
		return &Schema{Type: Types{"string"}}
	case reflect.Float32, reflect.Float64:
		return numberSchema(t, v)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 && !codesItself(t.Elem(), v) {
			return &Schema{Type: Types{"string"}, ContentEncoding: "base64", Pattern: patternBase64}
		}
		return &Schema{Type: Types{"array"}, Items: r.field(t.Elem(), v)}
	case reflect.Array:
		s := &Schema{Type: Types{"array"}, Items: r.field(t.Elem(), v), MaxItems: new(t.Len())}
		if v == output {
			s.MinItems = new(t.Len())
		}
		return s
	case reflect.Map:
		return &Schema{Type: Types{"object"}, AdditionalProperties: r.field(t.Elem(), v), PropertyNames: r.mapKeys(t.Key(), v)}
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return &Schema{Extensions: Extensions{ExtGoType: t.String()}}
		}
		return &Schema{}
	default:
		if bounds := integerBounds(t.Kind()); bounds != [2]string{} {
			return &Schema{Type: Types{"integer"}, Minimum: json.Number(bounds[0]), Maximum: json.Number(bounds[1])}
		}
		r.faultf(t, "wanted a type that JSON can hold, got a %s; hint: leave the field out with json:\"-\"", t.Kind())
		return &Schema{}
	}
}

// integerBounds are the least and the greatest value of an integer kind.
func integerBounds(k reflect.Kind) [2]string {
	switch k {
	case reflect.Int8:
		return [2]string{"-128", "127"}
	case reflect.Int16:
		return [2]string{"-32768", "32767"}
	case reflect.Int32:
		return [2]string{"-2147483648", "2147483647"}
	case reflect.Int, reflect.Int64:
		return [2]string{"-9223372036854775808", "9223372036854775807"}
	case reflect.Uint8:
		return [2]string{"0", "255"}
	case reflect.Uint16:
		return [2]string{"0", "65535"}
	case reflect.Uint32:
		return [2]string{"0", "4294967295"}
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return [2]string{"0", "18446744073709551615"}
	default:
		return [2]string{}
	}
}

func numberSchema(t reflect.Type, v view) *Schema {
	s := &Schema{Type: Types{"number"}}
	switch {
	case t.Kind() == reflect.Float32:
		s.Minimum, s.Maximum = "-3.4028234663852886e+38", "3.4028234663852886e+38"
	case v == input:
		s.Minimum, s.Maximum = "-1.7976931348623157e+308", "1.7976931348623157e+308"
	}
	return s
}

// mapKeys describes the names in an object that is read into a map, nil for
// any.
func (r *reflector) mapKeys(t reflect.Type, v view) *Schema {
	if known := wellKnown[t]; known != nil && t.Kind() != reflect.Slice {
		return known(v)
	}
	switch {
	case isEnum(t) && t.Kind() == reflect.String:
		return r.value(t, v)
	case isUUID(t):
		return &Schema{Pattern: patternUUID}
	case t.Kind() == reflect.String:
		return nil
	case codesItself(t, v):
		return &Schema{Extensions: Extensions{ExtGoType: t.String()}}
	}
	digits := map[int]string{8: "2", 16: "4", 32: "9", 64: "18"}[t.Bits()]
	sign := "-?"
	if t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uintptr {
		sign = ""
	}
	if v == output {
		return &Schema{Pattern: "^" + sign + "[0-9]+$"}
	}
	return &Schema{Pattern: "^" + sign + "[0-9]{1," + digits + "}$"}
}

// wellKnown are types of the standard library with a form of their own.
var wellKnown = map[reflect.Type]func(v view) *Schema{
	rawMessageType: func(view) *Schema { return &Schema{} },
	timeType: func(view) *Schema {
		return &Schema{Type: Types{"string"}, Format: "date-time", Pattern: patternTime}
	},
	reflect.TypeFor[time.Duration](): func(view) *Schema {
		b := integerBounds(reflect.Int64)
		return &Schema{
			Type: Types{"integer"}, Minimum: json.Number(b[0]), Maximum: json.Number(b[1]),
			Description: "A span of time in nanoseconds.",
		}
	},
	reflect.TypeFor[json.Number](): func(v view) *Schema {
		number := &Schema{Type: Types{"number"}}
		if v == output {
			return number
		}
		return &Schema{AnyOf: []*Schema{number, {Type: Types{"string"}, Pattern: patternNumber}}}
	},
}

var (
	rawMessageType = reflect.TypeFor[json.RawMessage]()
	timeType       = reflect.TypeFor[time.Time]()
)

func isUUID(t reflect.Type) bool {
	return t.Name() == "UUID" && strings.HasSuffix(strings.TrimSuffix(t.PkgPath(), "/v5"), "/uuid") && t.Kind() == reflect.Array
}

// indirect strips pointers, at most as many as the binder follows.
func indirect(t reflect.Type) (reflect.Type, int) {
	depth := 0
	for t.Kind() == reflect.Pointer && depth < 8 {
		t = t.Elem()
		depth++
	}
	return t, depth
}

// orNull adds null to what a schema takes. It stands last, since tools that
// make samples take the first alternative.
func orNull(s *Schema) *Schema {
	switch {
	case s.isAny() || s.Type.Has("null"):
		return s
	case s.Ref == "" && len(s.Type) > 0 && s.Const == nil && s.Enum == nil && s.AnyOf == nil && s.AllOf == nil && s.OneOf == nil:
		c := *s
		c.Type = append(slices.Clone(s.Type), "null")
		return &c
	case s.Ref == "" && s.AnyOf != nil && s.AllOf == nil && s.OneOf == nil && s.Const == nil && s.Enum == nil && len(s.Type) == 0:
		c := *s
		c.AnyOf = append(slices.Clone(s.AnyOf), &Schema{Type: Types{"null"}})
		return &c
	default:
		return &Schema{AnyOf: []*Schema{s, {Type: Types{"null"}}}}
	}
}

// isAny reports whether a schema takes everything.
func (s *Schema) isAny() bool {
	if s.Bool != nil {
		return *s.Bool
	}
	c := *s
	c.Title, c.Description, c.Examples, c.Default, c.Extensions = "", "", nil, nil, nil
	return reflect.ValueOf(c).IsZero()
}
