package binder

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-go/parley/serialization"
)

// enumerated is a type that lists its legal values.
type enumerated interface{ Enum() []any }

var enumeratedType = reflect.TypeFor[enumerated]()

// enumCheck refuses values that a type's Enum method does not list, wherever
// in a value they stand: in fields, elements, map keys and map values, behind
// pointers. It looks at what is on the wire: not into fields that the json tag
// leaves out, not into types that marshal themselves, not into interfaces. A
// zero field with omitempty or omitzero counts as absent.
type enumCheck struct {
	allowed *enumSet
	fields  []enumField
	// key and elem are for maps, elem also for slices and arrays.
	key, elem *enumCheck
	// needed says that an Enum can be reached from here.
	needed bool
}

type enumField struct {
	index int
	// name is empty for an embedded struct, whose fields stand beside ours.
	name string
	// optional fields may be absent.
	optional bool
	check    *enumCheck
}

// enumCheckOf returns the check of a type, nil when it has nothing to refuse.
func enumCheckOf(t reflect.Type) *enumCheck {
	b := enumBuilder{made: make(map[reflect.Type]*enumCheck)}
	root := b.build(t)
	b.spread()
	for _, c := range b.made {
		c.prune()
	}
	if !root.needed {
		return nil
	}
	return root
}

// enumBuilder makes one check per type, so that recursive types end.
type enumBuilder struct {
	made map[reflect.Type]*enumCheck
}

func (b enumBuilder) build(t reflect.Type) *enumCheck {
	t, _ = pointee(t)
	if c, ok := b.made[t]; ok {
		return c
	}
	c := &enumCheck{}
	b.made[t] = c
	if t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(enumeratedType) {
		c.allowed = newEnumSet(t)
		c.needed = c.allowed != nil
	}
	if selfCoding(t) {
		return c
	}
	switch t.Kind() {
	case reflect.Struct:
		b.structFields(c, t)
	case reflect.Map:
		c.key = b.build(t.Key())
		c.elem = b.build(t.Elem())
	case reflect.Slice, reflect.Array:
		c.elem = b.build(t.Elem())
	}
	return c
}

func (b enumBuilder) structFields(c *enumCheck, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		base, _ := pointee(f.Type)
		embedded := f.Anonymous && base.Kind() == reflect.Struct
		if !f.IsExported() && !embedded || f.Tag.Get("json") == "-" {
			continue
		}
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" && !embedded {
			name = f.Name
		}
		c.fields = append(c.fields, enumField{
			index:    i,
			name:     name,
			optional: strings.Contains(rest, "omitempty") || strings.Contains(rest, "omitzero"),
			check:    b.build(f.Type),
		})
	}
}

// spread marks everything from which an Enum can be reached.
func (b enumBuilder) spread() {
	for changed := true; changed; {
		changed = false
		for _, c := range b.made {
			if !c.needed && c.leadsOn() {
				c.needed, changed = true, true
			}
		}
	}
}

func (c *enumCheck) leadsOn() bool {
	return c.key != nil && c.key.needed || c.elem != nil && c.elem.needed ||
		slices.ContainsFunc(c.fields, func(f enumField) bool { return f.check.needed })
}

// prune cuts what need not be walked.
func (c *enumCheck) prune() {
	c.fields = slices.DeleteFunc(c.fields, func(f enumField) bool { return !f.check.needed })
	if c.key != nil && !c.key.needed {
		c.key = nil
	}
	if c.elem != nil && !c.elem.needed {
		c.elem = nil
	}
}

// check returns a *serialization.Error for the first value that is not allowed.
func (c *enumCheck) check(v reflect.Value) error {
	if e := c.walk(v); e != nil {
		return e
	}
	return nil
}

func (c *enumCheck) walk(v reflect.Value) *serialization.Error {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if c.allowed != nil && !c.allowed.has(v) {
		return &serialization.Error{Wanted: c.allowed.wanted, Got: "another value"}
	}
	for i := range c.fields {
		f := &c.fields[i]
		field := v.Field(f.index)
		if f.optional && field.IsZero() {
			continue
		}
		if e := f.check.walk(field); e != nil {
			return below(f.name, e)
		}
	}
	switch {
	case c.elem == nil && c.key == nil:
		return nil
	case v.Kind() == reflect.Map:
		return c.walkMap(v)
	default:
		return c.walkElements(v)
	}
}

func (c *enumCheck) walkElements(v reflect.Value) *serialization.Error {
	for i := range v.Len() {
		if e := c.elem.walk(v.Index(i)); e != nil {
			return below("["+strconv.Itoa(i)+"]", e)
		}
	}
	return nil
}

// walkMap reports a map as a whole: its keys were chosen by the sender.
func (c *enumCheck) walkMap(v reflect.Value) *serialization.Error {
	for entries := v.MapRange(); entries.Next(); {
		if c.key != nil {
			if e := c.key.walk(entries.Key()); e != nil {
				return below("[key]", e)
			}
		}
		if c.elem != nil {
			if e := c.elem.walk(entries.Value()); e != nil {
				return below("[value]", e)
			}
		}
	}
	return nil
}

// below puts a step before the path of e.
func below(step string, e *serialization.Error) *serialization.Error {
	switch {
	case step == "":
	case e.Path == "" || strings.HasPrefix(e.Path, "["):
		e.Path = step + e.Path
	default:
		e.Path = step + "." + e.Path
	}
	return e
}
