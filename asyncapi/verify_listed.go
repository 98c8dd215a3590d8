package asyncapi

import "strings"

// placeOf writes a place with its indexes left out.
func placeOf(at []any) string {
	var b strings.Builder
	for _, step := range at {
		if name, ok := step.(string); ok {
			b.WriteString("/" + name)
		} else {
			b.WriteString("/-")
		}
	}
	return b.String()
}

// listed reports whether a schema on the way to a place, or of what stands
// there, names what it does not know.
func (v *verifier) listed(s *Schema, at []any) bool {
	level := v.expand([]*Schema{s})
	for _, step := range at {
		if anyListed(level) {
			return true
		}
		var below []*Schema
		for _, s := range level {
			switch step := step.(type) {
			case string:
				if p := s.Properties.Get(step); p != nil {
					below = append(below, p)
				} else if s.AdditionalProperties != nil {
					below = append(below, s.AdditionalProperties)
				}
			case int:
				if s.Items != nil {
					below = append(below, s.Items)
				}
			}
		}
		level = v.expand(below)
	}
	return v.listedBelow(level, map[*Schema]bool{})
}

func (v *verifier) listedBelow(level []*Schema, seen map[*Schema]bool) bool {
	if anyListed(level) {
		return true
	}
	for _, s := range level {
		if seen[s] {
			continue
		}
		seen[s] = true
		below := []*Schema{}
		for _, p := range s.Properties {
			below = append(below, p.Schema)
		}
		for _, one := range []*Schema{s.Items, s.AdditionalProperties} {
			if one != nil {
				below = append(below, one)
			}
		}
		if v.listedBelow(v.expand(below), seen) {
			return true
		}
	}
	return false
}

func anyListed(level []*Schema) bool {
	for _, s := range level {
		if s.Extensions[ExtValidate] != nil || s.Extensions[ExtGoType] != nil {
			return true
		}
		if s.PropertyNames != nil && s.PropertyNames.Extensions[ExtGoType] != nil {
			return true
		}
		for _, p := range s.Properties {
			if comparing(p.Schema) {
				return true
			}
		}
	}
	return false
}

// comparing reports whether a schema lists a rule that looks at other fields.
func comparing(s *Schema) bool {
	text, _ := s.Extensions[ExtValidate].(string)
	for _, alternatives := range parseRules(text) {
		if crossField.MatchString(alternatives[0].name) {
			return true
		}
	}
	return false
}

// expand follows references and alternatives.
func (v *verifier) expand(in []*Schema) []*Schema {
	var out []*Schema
	for _, s := range in {
		if s.Ref != "" {
			s = v.doc.Schema(s.Ref)
		}
		if s == nil {
			continue
		}
		out = append(out, s)
		for _, more := range [][]*Schema{s.AllOf, s.AnyOf, s.OneOf} {
			out = append(out, v.expand(more)...)
		}
	}
	return out
}
