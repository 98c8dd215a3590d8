package asyncapi

import (
	"encoding/json"
	"math/big"
	"reflect"
)

// restrict adds what c says to s, where it stands free; where s says something
// else already, both must hold. s is changed and returned; a reference, which
// must stand alone, is wrapped.
func restrict(s, c *Schema) *Schema {
	if c.isAny() && len(c.Extensions) == 0 {
		return s
	}
	if s.Ref != "" {
		s = &Schema{AllOf: []*Schema{s}}
	}
	if len(c.Extensions) > 0 {
		for name, v := range c.Extensions {
			if text, ok := v.(string); ok && name == ExtValidate {
				s.unsaid(text)
				continue
			}
			s.extend(name, v)
		}
		bare := *c
		bare.Extensions = nil
		c = &bare
	}
	if c.isAny() {
		return s
	}
	if !merge(reflect.ValueOf(s).Elem(), reflect.ValueOf(c).Elem()) {
		s.AllOf = append(s.AllOf, c)
	}
	return s
}

func (s *Schema) extend(name string, v any) {
	if s.Extensions == nil {
		s.Extensions = Extensions{}
	}
	s.Extensions[name] = v
}

// unsaid lists a rule that the schema does not say.
func (s *Schema) unsaid(rule string) {
	if rule == "" {
		return
	}
	if old, ok := s.Extensions[ExtValidate].(string); ok {
		rule = old + "," + rule
	}
	s.extend(ExtValidate, rule)
}

// merge copies the keywords of c into s if none of them is in the way of
// another, and reports whether it did.
func merge(s, c reflect.Value) bool {
	for i := range c.NumField() {
		name := c.Type().Field(i).Name
		if !c.Field(i).IsZero() && !s.Field(i).IsZero() && !tightens(name) {
			return false
		}
	}
	for i := range c.NumField() {
		if c.Field(i).IsZero() {
			continue
		}
		if s.Field(i).IsZero() || tighter(c.Type().Field(i).Name, c.Field(i), s.Field(i)) {
			s.Field(i).Set(c.Field(i))
		}
	}
	return true
}

// tightens are the keywords of which the stricter one can stand alone.
func tightens(name string) bool {
	switch name {
	case "Minimum", "Maximum", "ExclusiveMinimum", "ExclusiveMaximum",
		"MinLength", "MaxLength", "MinItems", "MaxItems", "MinProperties", "MaxProperties":
		return true
	default:
		return false
	}
}

func tighter(name string, c, s reflect.Value) bool {
	var order int
	if n, ok := c.Interface().(json.Number); ok {
		order = compare(n, s.Interface().(json.Number))
	} else {
		order = int(c.Elem().Int() - s.Elem().Int())
	}
	switch name {
	case "Minimum", "ExclusiveMinimum", "MinLength", "MinItems", "MinProperties":
		return order > 0
	default:
		return order < 0
	}
}

func compare(a, b json.Number) int {
	x, _ := new(big.Rat).SetString(a.String())
	y, _ := new(big.Rat).SetString(b.String())
	if x == nil || y == nil {
		return 0
	}
	return x.Cmp(y)
}
