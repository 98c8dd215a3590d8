package asyncapi

import (
	"encoding/json"
	"slices"
	"strings"
)

// schema compares two schemas of one place.
func (d *differ) schema(at string, o, n *Schema) {
	at, o, n = d.resolve(at, o, n)
	if d.seen[[2]*Schema{o, n}] || sameJSON(o, n) && !hasRefs(o) {
		return
	}
	d.seen[[2]*Schema{o, n}] = true
	o, oNull := withoutNull(o)
	n, nNull := withoutNull(n)
	o, n = d.plain(o, d.older), d.plain(n, d.newer)
	switch {
	case oNull && !nNull && !n.isAny():
		d.narrowerf(at, "it could be null and cannot any more")
	case !oNull && nNull && !o.isAny():
		d.widerf(at, "it can be null now")
	}
	if o.isAny() || n.isAny() {
		d.anything(at, o, n)
		return
	}
	d.types(at, o, n)
	d.values(at, o, n)
	d.limits(at, o, n)
	d.opaque(at, o, n)
	d.object(at, o, n)
	if o.Items != nil || n.Items != nil {
		d.schema(at+"/items", orAny(o.Items), orAny(n.Items))
	}
	d.combined(at, o, n)
}

func hasRefs(s *Schema) bool {
	found := false
	s.walk(func(s *Schema) { found = found || s.Ref != "" })
	return found
}

// resolve follows references; the place is then that of what they name.
func (d *differ) resolve(at string, o, n *Schema) (string, *Schema, *Schema) {
	for i := 0; o != nil && o.Ref != "" && i < 8; i++ {
		o = d.older.Schema(o.Ref)
	}
	for i := 0; n != nil && n.Ref != "" && i < 8; i++ {
		at = strings.TrimPrefix(n.Ref, "#")
		n = d.newer.Schema(n.Ref)
	}
	return at, orAny(o), orAny(n)
}

// withoutNull splits null from what else a schema takes.
func withoutNull(s *Schema) (*Schema, bool) {
	if s.Type.Has("null") && len(s.Type) > 1 {
		c := *s
		c.Type = slices.DeleteFunc(slices.Clone(s.Type), func(t string) bool { return t == "null" })
		return &c, true
	}
	if i := slices.IndexFunc(s.AnyOf, func(a *Schema) bool { return slices.Equal(a.Type, Types{"null"}) }); i >= 0 && len(s.AnyOf) > 1 {
		c := *s
		c.AnyOf = slices.Delete(slices.Clone(s.AnyOf), i, i+1)
		return &c, true
	}
	return s, false
}

// plain unfolds a schema that stands alone in an allOf or anyOf, as one with a
// description does.
func (d *differ) plain(s *Schema, side *docSide) *Schema {
	for range 4 {
		bare := *s
		bare.AllOf, bare.AnyOf = nil, nil
		switch {
		case !bare.isAny():
			return s
		case len(s.AllOf) == 1 && s.AnyOf == nil:
			s = s.AllOf[0]
		case len(s.AnyOf) == 1 && s.AllOf == nil:
			s = s.AnyOf[0]
		default:
			return s
		}
		if s.Ref != "" {
			s = orAny(side.Schema(s.Ref))
		}
	}
	return s
}

func (d *differ) anything(at string, o, n *Schema) {
	switch {
	case o.isAny() && n.isAny():
	case o.isAny():
		d.narrowerf(at, "it could be anything and cannot any more")
	default:
		d.widerf(at, "it can be anything now")
	}
}

func (d *differ) types(at string, o, n *Schema) {
	if len(o.Type) == 0 || len(n.Type) == 0 {
		return
	}
	for _, t := range o.Type {
		if !n.Type.Has(t) && (t != "integer" || !n.Type.Has("number")) {
			d.narrowerf(at+"/type", "it could be of type %s and cannot any more", t)
		}
	}
	for _, t := range n.Type {
		if !o.Type.Has(t) && (t != "integer" || !o.Type.Has("number")) {
			d.widerf(at+"/type", "it can be of type %s now", t)
		}
	}
}

// allowed are the values that a schema lists, nil when it lists none.
func allowed(s *Schema) []string {
	values := s.Enum
	if s.Const != nil {
		values = []any{s.Const}
	}
	var out []string
	for _, v := range values {
		if data, err := encode(v); err == nil {
			out = append(out, string(data))
		}
	}
	return out
}

func (d *differ) values(at string, o, n *Schema) {
	before, now := allowed(o), allowed(n)
	switch {
	case before == nil && now == nil:
		return
	case before == nil:
		d.narrowerf(at+"/enum", "its values are listed now: %s", strings.Join(now, ", "))
		return
	case now == nil:
		d.widerf(at+"/enum", "its values are no longer listed")
		return
	}
	for _, v := range before {
		if !slices.Contains(now, v) {
			d.narrowerf(at+"/enum", "the value %s is gone", v)
		}
	}
	for _, v := range now {
		if !slices.Contains(before, v) {
			d.widerf(at+"/enum", "the value %s is new", v)
		}
	}
}

// limits compares the ends of ranges.
func (d *differ) limits(at string, o, n *Schema) {
	number := func(i *int) json.Number {
		if i == nil {
			return ""
		}
		return json.Number(itoa(*i))
	}
	for _, l := range []struct {
		name       string
		o, n       json.Number
		upperLimit bool
	}{
		{"minimum", o.Minimum, n.Minimum, false},
		{"exclusiveMinimum", o.ExclusiveMinimum, n.ExclusiveMinimum, false},
		{"maximum", o.Maximum, n.Maximum, true},
		{"exclusiveMaximum", o.ExclusiveMaximum, n.ExclusiveMaximum, true},
		{"minLength", number(o.MinLength), number(n.MinLength), false},
		{"maxLength", number(o.MaxLength), number(n.MaxLength), true},
		{"minItems", number(o.MinItems), number(n.MinItems), false},
		{"maxItems", number(o.MaxItems), number(n.MaxItems), true},
		{"minProperties", number(o.MinProperties), number(n.MinProperties), false},
		{"maxProperties", number(o.MaxProperties), number(n.MaxProperties), true},
	} {
		order := compare(l.o, l.n)
		switch {
		case l.o == l.n:
		case l.o == "":
			d.narrowerf(at+pointer(l.name), "%s is %s now", l.name, l.n)
		case l.n == "":
			d.widerf(at+pointer(l.name), "%s was %s and is gone", l.name, l.o)
		case order != 0 && (order < 0) != l.upperLimit:
			d.narrowerf(at+pointer(l.name), "%s was %s and is %s", l.name, l.o, l.n)
		case order != 0:
			d.widerf(at+pointer(l.name), "%s was %s and is %s", l.name, l.o, l.n)
		}
	}
	if o.UniqueItems != n.UniqueItems {
		if n.UniqueItems {
			d.narrowerf(at+"/uniqueItems", "its items must differ now")
		} else {
			d.widerf(at+"/uniqueItems", "its items need no longer differ")
		}
	}
}

// opaque compares keywords of which it is only clear whether they are there.
func (d *differ) opaque(at string, o, n *Schema) {
	for _, k := range []struct {
		name string
		o, n any
		// is and was say whether the keyword is there.
		was, is bool
	}{
		{"pattern", o.Pattern, n.Pattern, o.Pattern != "", n.Pattern != ""},
		{"format", o.Format, n.Format, o.Format != "", n.Format != ""},
		{"contentEncoding", o.ContentEncoding, n.ContentEncoding, o.ContentEncoding != "", n.ContentEncoding != ""},
		{"contentMediaType", o.ContentMediaType, n.ContentMediaType, o.ContentMediaType != "", n.ContentMediaType != ""},
		{"multipleOf", o.MultipleOf, n.MultipleOf, o.MultipleOf != "", n.MultipleOf != ""},
		{"not", o.Not, n.Not, o.Not != nil, n.Not != nil},
		{"dependencies", o.Dependencies, n.Dependencies, o.Dependencies != nil, n.Dependencies != nil},
		{ExtValidate, o.Extensions[ExtValidate], n.Extensions[ExtValidate], o.Extensions[ExtValidate] != nil, n.Extensions[ExtValidate] != nil},
	} {
		switch {
		case k.was == k.is && sameJSON(k.o, k.n):
		case k.name == ExtValidate && d.sends:
			d.addf(Neutral, at+pointer(k.name), "the rules for its readers to know of changed")
		case !k.was:
			d.narrowerf(at+pointer(k.name), "%s is new", k.name)
		case !k.is:
			d.widerf(at+pointer(k.name), "%s is gone", k.name)
		default:
			d.addf(Unknown, at+pointer(k.name), "%s changed", k.name)
		}
	}
}

func (d *differ) object(at string, o, n *Schema) {
	for _, p := range o.Properties {
		if next := n.Properties.Get(p.Name); next != nil {
			d.schema(at+pointer("properties", p.Name), p.Schema, next)
			continue
		}
		if d.sends {
			d.addf(Breaking, at+"/properties", "the property %s is gone", p.Name)
		} else {
			d.addf(Compatible, at+"/properties", "the property %s is gone; it is ignored when sent", p.Name)
		}
	}
	for _, p := range n.Properties {
		if o.Properties.Get(p.Name) != nil || slices.Contains(n.Required, p.Name) && !d.sends {
			continue
		}
		if p.Schema.Bool == nil || *p.Schema.Bool {
			d.addf(Compatible, at+pointer("properties", p.Name), "the property %s is new", p.Name)
		}
	}
	d.required(at, o, n)
	if o.AdditionalProperties != nil || n.AdditionalProperties != nil {
		d.schema(at+"/additionalProperties", orAny(o.AdditionalProperties), orAny(n.AdditionalProperties))
	}
	if o.PropertyNames != nil || n.PropertyNames != nil {
		d.schema(at+"/propertyNames", orAny(o.PropertyNames), orAny(n.PropertyNames))
	}
}

func (d *differ) required(at string, o, n *Schema) {
	for _, name := range n.Required {
		if !slices.Contains(o.Required, name) && (!d.sends || o.Properties.Get(name) != nil) {
			d.narrowerf(at+"/required", "the property %s is required now", name)
		}
	}
	for _, name := range o.Required {
		if !slices.Contains(n.Required, name) && n.Properties.Get(name) != nil {
			d.widerf(at+"/required", "the property %s is no longer required", name)
		}
	}
}

// combined compares lists of alternatives in their order.
func (d *differ) combined(at string, o, n *Schema) {
	for _, c := range []struct {
		name string
		o, n []*Schema
	}{{"allOf", o.AllOf, n.AllOf}, {"anyOf", o.AnyOf, n.AnyOf}, {"oneOf", o.OneOf, n.OneOf}} {
		if len(c.o) == len(c.n) {
			for i := range c.o {
				d.schema(at+pointer(c.name, itoa(i)), c.o[i], c.n[i])
			}
			continue
		}
		d.addf(Unknown, at+pointer(c.name), "the alternatives changed")
	}
}
