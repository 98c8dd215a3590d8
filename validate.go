package parley

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"github.com/parley-go/parley/transport/topology"
)

// checks compile the validation of types. A type that no rule concerns is not
// validated at all.
type checks struct {
	validate *validator.Validate
	mu       sync.Mutex
	tagged   map[reflect.Type]bool
}

func newChecks(v *validator.Validate) *checks {
	if v == nil {
		v = validator.New(validator.WithRequiredStructEnabled())
		v.RegisterTagNameFunc(partName)
	}
	return &checks{validate: v, tagged: map[reflect.Type]bool{}}
}

// partName is the name of a field on the wire: in a body, or of the header or
// address parameter that an annotated input reads.
func partName(f reflect.StructField) string {
	for _, tag := range []string{"header", "path"} {
		if name := f.Tag.Get(tag); name != "" {
			return name
		}
	}
	if _, ok := f.Tag.Lookup("body"); ok {
		return "body"
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// compile returns what validates values of type t, nil when there is nothing
// to validate. Structs are taken by pointer or by value.
func (c *checks) compile(t reflect.Type) func(v any) error {
	base := t
	for base.Kind() == reflect.Pointer {
		base = base.Elem()
	}
	if !c.concerns(base) {
		return nil
	}
	if base.Kind() == reflect.Struct {
		return func(v any) error { return explainInvalid(c.validate.Struct(v)) }
	}
	rule := dives(base)
	return func(v any) error { return explainInvalid(c.validate.Var(v, rule)) }
}

// misspelt returns what no message of type t could be validated by: a rule that
// is not known, or a tag that is none. The validator itself panics with it, at
// the first message.
func (c *checks) misspelt(t reflect.Type) error {
	if t == nil || !c.concerns(t) {
		return nil
	}
	return c.look(t, map[reflect.Type]bool{})
}

// look reads the tags of t and of all that it holds.
func (c *checks) look(t reflect.Type, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return c.look(t.Elem(), seen)
	case reflect.Struct:
		if text := c.readTags(t); text != "" {
			return &topology.Error{
				Wanted: "validate tags that are rules", Got: fmt.Sprintf("%s of %s", text, t),
				Hint: "correct the tag, or register the rule with parley.Validator",
			}
		}
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() || f.Anonymous {
				if err := c.look(f.Type, seen); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// readTags has the validator read the tags of a struct, without applying one,
// and returns what it says of them when it panics.
func (c *checks) readTags(t reflect.Type) (fault string) {
	defer func() {
		text, ok := recover().(string)
		if ok && (strings.HasPrefix(text, "Undefined validation") || strings.HasPrefix(text, "Invalid validation tag")) {
			fault = strings.ToLower(text[:1]) + text[1:]
		}
	}()
	_ = c.validate.StructPartial(reflect.New(t).Interface())
	return ""
}

// rule applies rules to a value, the rules of its own type when there are none.
func (c *checks) rule(v any, rules string) error {
	if rules == "" {
		return c.validate.Struct(v)
	}
	return c.validate.Var(v, rules)
}

// dives is the rule that reaches the structs inside slices, arrays and maps.
func dives(t reflect.Type) string {
	rule := "dive"
	for t = t.Elem(); collects(t); t = t.Elem() {
		rule += ",dive"
	}
	return rule
}

func collects(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return true
	default:
		return false
	}
}

// concerns reports whether a validate tag is reachable from t.
func (c *checks) concerns(t reflect.Type) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reach(t, map[reflect.Type]bool{})
}

func (c *checks) reach(t reflect.Type, visiting map[reflect.Type]bool) bool {
	if known, ok := c.tagged[t]; ok {
		return known
	}
	if visiting[t] {
		return false
	}
	visiting[t] = true
	found := c.search(t, visiting)
	if found || len(visiting) == 1 {
		c.tagged[t] = found
	}
	delete(visiting, t)
	return found
}

func (c *checks) search(t reflect.Type, visiting map[reflect.Type]bool) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return c.reach(t.Elem(), visiting)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if tag, ok := f.Tag.Lookup("validate"); ok && tag != "-" {
				return true
			}
			if (f.IsExported() || f.Anonymous) && c.reach(f.Type, visiting) {
				return true
			}
		}
	}
	return false
}

// maxFaults bounds the rules that one error text names.
const maxFaults = 8

// explainInvalid turns the validator's findings into one line: which field, by
// its JSON name, broke which rule, with a value of which kind. It never shows a
// value.
func explainInvalid(err error) error {
	if err == nil {
		return nil
	}
	found, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return errors.New("value cannot be validated")
	}
	faults := make([]string, 0, len(found))
	for i, f := range found {
		if i == maxFaults {
			faults = append(faults, fmt.Sprintf("and %d more", len(found)-i))
			break
		}
		faults = append(faults, faultText(f))
	}
	return errors.New(strings.Join(faults, "; "))
}

func faultText(f validator.FieldError) string {
	rule := f.ActualTag()
	if f.Param() != "" {
		rule += "=" + f.Param()
	}
	return fmt.Sprintf("%s: rule %q failed for %s", fieldPath(f), rule, jsonKind(f.Kind()))
}

// fieldPath is the path below the body, without the name of the Go type.
func fieldPath(f validator.FieldError) string {
	path := f.Namespace()
	if strings.HasPrefix(path, "[") {
		return path
	}
	arguments := 0 // the name of a generic type has brackets, and dots in them
	for i, c := range path {
		switch {
		case c == '[':
			arguments++
		case c == ']':
			arguments--
		case c == '.' && arguments == 0:
			return path[i+1:]
		}
	}
	return path
}

// jsonKind names a kind in the words of the body.
func jsonKind(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Pointer, reflect.Interface, reflect.Invalid:
		return "null"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "an integer"
	}
}
