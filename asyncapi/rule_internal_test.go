package asyncapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// one is the schema of a struct with one field "f" of a type and a tag.
type one struct {
	checker *checker
	goType  reflect.Type
	rule    rules
	schema  *Schema
}

func newOne(t require.TestingT, fieldType reflect.Type, tag string) *one {
	v := validator.New(validator.WithRequiredStructEnabled())
	o := &one{
		goType: reflect.StructOf([]reflect.StructField{{Name: "F", Type: fieldType, Tag: reflect.StructTag(`json:"f" validate:` + strconv.Quote(tag))}}),
		rule: func(value any, rules string) error {
			if rules == "" {
				return v.Struct(value)
			}
			return v.Var(value, rules)
		},
	}
	r := newReflector(o.rule, nil)
	o.schema = r.body(o.goType, input)
	d := &Document{Components: &Components{Schemas: r.components(o.schema)}}
	d.Components.Schemas["One"] = o.schema
	require.NoError(t, r.err())
	var err error
	o.checker, err = newChecker(d)
	require.NoError(t, err)
	return o
}

// accepts returns the verdicts of the schema and of the service.
func (o *one) accepts(t require.TestingT, value any) (schema, service bool) {
	body := map[string]any{"f": value}
	data, err := encode(body)
	require.NoError(t, err)
	decoded := reflect.New(o.goType)
	service = decodeInto(data, decoded.Interface()) == nil && o.rule(decoded.Elem().Interface(), "") == nil
	return o.checker.check("/components/schemas/One", body) == nil, service
}

var stringTags = []string{
	"required", "len=2", "min=2", "max=3", "gt=1", "lt=3", "eq=ab", "ne=ab", "oneof=a 'a b' ab", "noneof=a ab",
	"startswith=a.", "endswith=.b", "contains=.", "excludes=.", "containsany=.-[", "excludesall=.-]", "startsnotwith=a", "endsnotwith=c", "containsrune=é", "excludesrune=é",
	"required,email", "omitempty,email", "omitempty,min=2,max=4", "uuid|email", "alpha|numeric", "required,alphanum,len=3", "omitempty,url", "datetime=2006-01-02T15:04:05Z07:00", "datetime=2006-01-02", "datetime=15:04", "datetime=02.01.2006 15:04:05", "datetime=2006/01", "datetime=Jan 2 2006",
	"luhn_checksum", "omitempty,oneof=a b",
}

// Each rule alone: a type with many rules seldom comes to the odd values of one.
func TestStringRulesAreSound(t *testing.T) {
	t.Parallel()
	tags := append(sortedKeys(stringRules), stringTags...)
	for _, tag := range tags {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			o := newOne(t, reflect.TypeFor[string](), tag)
			listed := anyListed([]*Schema{o.schema, o.schema.Properties.Get("f")})
			values := valuesFor(reflect.TypeFor[string](), tag)
			var took int
			rapid.Check(t, func(rt *rapid.T) {
				s, _ := rapid.SampledFrom(values).Draw(rt, "sample").(string)
				if rapid.IntRange(0, 3).Draw(rt, "spoilt") > 0 {
					s = spoilt(rt, s)
				}
				if !utf8.ValidString(s) {
					rt.Skip("no JSON")
				}
				schema, service := o.accepts(rt, s)
				if schema && !service && !listed {
					rt.Fatalf("%q: the schema accepts %q, the validator does not", tag, s)
				}
				if service && schema {
					took++
				}
			})
			for _, v := range values {
				if schema, service := o.accepts(t, v); schema && service {
					took++
				} else if schema && !listed {
					t.Errorf("%q: the schema accepts %q, the validator does not", tag, v)
				}
			}
			require.NotZero(t, took, "a schema that accepts nothing proves nothing")
		})
	}
}

// spoilt changes a string in one place.
func spoilt(t *rapid.T, s string) string {
	runes := []rune(s)
	i := rapid.IntRange(0, len(runes)).Draw(t, "at")
	odd := rapid.SampledFrom([]rune("aZ09 .-_@:/%#?[]é😀\n\"+=\x00\u212a")).Draw(t, "rune")
	switch rapid.IntRange(0, 2).Draw(t, "how") {
	case 0:
		return string(runes[:i]) + string(odd) + string(runes[i:])
	case 1:
		if i < len(runes) {
			return string(runes[:i]) + string(odd) + string(runes[i+1:])
		}
	default:
		if i < len(runes) {
			return string(runes[:i]) + string(runes[i+1:])
		}
	}
	return s + string(odd)
}

// Rules of other kinds, with values on both sides of their borders.
func TestOtherRulesAreSound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		goType reflect.Type
		tags   []string
	}{
		{reflect.TypeFor[int](), []string{"", "required", "min=2", "max=3", "gt=1", "lt=3", "eq=2", "ne=2", "oneof=1 2", "len=3", "omitempty,min=5", "port", "numeric", "min=0x10", "gte=-3,lte=3"}},
		{reflect.TypeFor[uint8](), []string{"", "required", "max=3", "gt=1"}},
		{reflect.TypeFor[float64](), []string{"", "required", "min=0.5", "lt=2.5", "eq=1.5", "omitempty,gt=2"}},
		{reflect.TypeFor[float32](), []string{"", "required", "max=3"}},
		{reflect.TypeFor[bool](), []string{"", "required", "eq=true", "boolean"}},
		{reflect.TypeFor[*int](), []string{"", "required", "min=2", "omitempty,min=2", "required,max=3"}},
		{reflect.TypeFor[*string](), []string{"", "required", "min=2", "omitempty,min=2", "required,email"}},
		{reflect.TypeFor[any](), []string{"", "required"}},
	} {
		for _, tag := range c.tags {
			o := newOne(t, c.goType, tag)
			base, _ := indirect(c.goType)
			values := append(valuesFor(base, tag), generic...)
			for _, v := range values {
				if schema, service := o.accepts(t, v); schema && !service {
					t.Errorf("%s %q: the schema accepts %v, the service does not", c.goType, tag, v)
				}
			}
		}
	}
}

// What the validator cannot do with a type is a fault of the declaration.
func TestIllFittingRulesAreFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		goType reflect.Type
		tag    string
	}{
		{reflect.TypeFor[string](), "nosuchrule"},
		{reflect.TypeFor[bool](), "min=1"},
		{reflect.TypeFor[int](), "min=x"},
		{reflect.TypeFor[string](), "port"},
	} {
		v := validator.New(validator.WithRequiredStructEnabled())
		r := newReflector(func(value any, rules string) error { return v.Var(value, rules) }, nil)
		r.body(reflect.StructOf([]reflect.StructField{{Name: "F", Type: c.goType, Tag: reflect.StructTag(fmt.Sprintf(`json:"f" validate:%q`, c.tag))}}), input)
		require.ErrorContains(t, r.err(), "panic of the validator", c.tag)
	}
}

func decodeInto(data []byte, v any) error { return json.Unmarshal(data, v) }
