package asyncapi

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
)

// fieldRules are the rules of one level of a value: of a field, of its
// elements, or of the keys of a map.
type fieldRules struct {
	here [][]rule
	// keys and elems follow "dive"; nil where the level below is not checked.
	keys, elems *fieldRules
	// omits says that the zero value is not checked.
	omits bool
}

func newFieldRules(all [][]rule) *fieldRules {
	f := &fieldRules{}
	for i, alternatives := range all {
		switch alternatives[0].name {
		case "":
		case "omitempty", "omitzero", "omitnil":
			f.omits = f.omits || alternatives[0].name != "omitnil"
		case "dive":
			f.dive(all[i+1:])
			return f
		default:
			f.here = append(f.here, alternatives)
		}
	}
	return f
}

func (f *fieldRules) dive(rest [][]rule) {
	if len(rest) > 0 && rest[0][0].name == "keys" {
		for i, alternatives := range rest {
			if alternatives[0].name == "endkeys" {
				f.keys = newFieldRules(rest[1:i])
				rest = rest[i+1:]
				break
			}
		}
	}
	f.elems = newFieldRules(rest)
}

// property describes a field: its type, what its json and validate tags add,
// what the user says by other tags and in comments.
func (w *structWalk) property(f jsonField, said *Schema) *Schema {
	if f.sealed && w.view == input {
		return &Schema{Bool: new(false)}
	}
	s := w.value(f.Type, w.view)
	if f.quoted {
		s = quotedSchema(f.Type)
	}
	null := canBeNull(f.Type, w.view)
	tag := f.Tag.Get("validate")
	switch {
	case w.view == output:
		null = null && !f.optional
		if !f.optional {
			w.require(f)
		}
		if tag != "" && tag != "-" {
			s = listed(s, tag)
		}
	case tag != "" && tag != "-":
		s, null = w.validated(f, s, tag, null)
		w.noteDive(f, tag)
	case tag != "-":
		w.checkZero(f, "")
		w.noteDive(f, "")
	}
	if w.view == input && f.optional {
		s = w.orZeroEnum(f.Type, s)
	}
	s = w.describe(f, s, said)
	if f.Tag.Get("nullable") == "false" {
		null = false
	}
	if null {
		annotated := s
		s = orNull(s)
		if s != annotated {
			s.Title, s.Description, s.Examples, s.Default = annotated.Title, annotated.Description, annotated.Examples, annotated.Default
			w.hoist(annotated, s)
		}
	}
	return s
}

// noteDive tells of structs in a slice or map whose rules nobody checks: their
// schema is stricter than the service.
func (w *structWalk) noteDive(f jsonField, tag string) {
	base := deref(f.Type)
	if !hasElem(base) || newFieldRules(parseRules(tag)).elems != nil {
		return
	}
	elem := deref(base.Elem())
	if elem.Kind() != reflect.Struct || codesItself(elem, input) {
		return
	}
	for i := range elem.NumField() {
		if rules := elem.Field(i).Tag.Get("validate"); rules != "" && rules != "-" {
			w.note("dive", w.goType.String()+"."+f.Name+": the rules of "+elem.String()+` are not checked there; hint: validate:"dive"`)
			return
		}
	}
}

// hoist moves what describes a property from the alternative that it stands in
// to the property.
func (w *structWalk) hoist(from, to *Schema) {
	if len(to.AnyOf) != 2 || to.AnyOf[0] != from {
		return
	}
	bare := *from
	bare.Title, bare.Description, bare.Examples, bare.Default = "", "", nil, nil
	if len(bare.AllOf) == 1 && bare.AllOf[0].Ref != "" && isWrapper(&bare) {
		to.AnyOf[0] = bare.AllOf[0]
		return
	}
	to.AnyOf[0] = &bare
}

// isWrapper reports whether a schema says nothing besides its allOf.
func isWrapper(s *Schema) bool {
	c := *s
	c.AllOf = nil
	return reflect.ValueOf(c).IsZero()
}

// quotedSchema describes a field with the option ",string".
func quotedSchema(t reflect.Type) *Schema {
	base, _ := indirect(t)
	s := &Schema{Type: Types{"string"}}
	switch {
	case base.Kind() == reflect.Bool:
		s.Enum = []any{"true", "false"}
	case base.Kind() == reflect.String:
		s.Extensions = Extensions{ExtValidate: "json,string"}
		s.Pattern = `^"`
	case isInteger(base):
		s.Pattern = patternInt
		s.Extensions = Extensions{ExtValidate: "json," + base.Kind().String()}
	default:
		s.Pattern = patternNumber
		s.Extensions = Extensions{ExtValidate: "json," + base.Kind().String()}
	}
	return s
}

// listed adds rules that nobody checks on this side, for people to read.
func listed(s *Schema, tag string) *Schema {
	if s.Ref != "" {
		s = &Schema{AllOf: []*Schema{s}}
	}
	s.unsaid(tag)
	return s
}

// validated applies the validate tag of a field and asks the validator what
// becomes of an absent property and of null.
func (w *structWalk) validated(f jsonField, s *Schema, tag string, null bool) (*Schema, bool) {
	all := parseRules(tag)
	if f.quoted {
		s.unsaid(joinRules(all))
	} else {
		s = w.apply(f.Type, s, newFieldRules(all))
	}
	askable := joinRules(withoutCross(all))
	if askable == "" {
		w.checkZero(f, "")
		return s, null
	}
	w.checkZero(f, askable)
	switch {
	case null:
		null = w.accepts(f, reflect.Zero(f.Type), askable)
	case f.Type.Kind() == reflect.Interface && !w.accepts(f, reflect.Zero(f.Type), askable):
		s = restrict(clone(s), &Schema{Not: &Schema{Type: Types{"null"}}})
	}
	return s, null
}

func withoutCross(all [][]rule) [][]rule {
	var kept [][]rule
	for _, alternatives := range all {
		if alternatives[0].name != "" && !crossField.MatchString(alternatives[0].name) {
			kept = append(kept, alternatives)
		}
	}
	return kept
}

// checkZero makes a property required when the service refuses what is left
// in the field without it.
func (w *structWalk) checkZero(f jsonField, rules string) {
	zero := reflect.Zero(f.Type)
	if rules != "" && !w.accepts(f, zero, rules) || rules == "" && !w.zeroStruct(f) || !f.optional && !enumTakes(f.Type, map[reflect.Type]bool{}) {
		w.require(f)
	}
}

// zeroStruct reports whether a struct in a field without rules may be left at
// its zero value.
func (w *structWalk) zeroStruct(f jsonField) bool {
	if f.Type.Kind() != reflect.Struct || f.Type.ConvertibleTo(timeType) {
		return true
	}
	return w.accepts(f, reflect.Zero(f.Type), "")
}

// accepts asks the validator. A rule that it panics on is a fault of the type.
func (w *structWalk) accepts(f jsonField, v reflect.Value, rules string) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			w.faultf(w.goType, "field %s: validate:%q: wanted rules that fit %s, got a panic of the validator: %v", f.Name, f.Tag.Get("validate"), f.Type, p)
			ok = true
		}
	}()
	err := w.rule(v.Interface(), rules)
	if invalid, ok := errors.AsType[interface {
		error
		Translate(ut any) any
	}](err); ok {
		return invalid == nil
	}
	return err == nil
}

// enumTakes reports whether the zero value of t is among those that it lists,
// and the zero values of its fields likewise.
func enumTakes(t reflect.Type, within map[reflect.Type]bool) bool {
	if within[t] || t.Kind() == reflect.Interface {
		return true
	}
	within[t] = true
	if isEnum(t) {
		for _, v := range enumValues(t) {
			if v.IsZero() {
				return true
			}
		}
		return false
	}
	if codesItself(t, input) || t.Kind() != reflect.Struct {
		return true
	}
	for _, f := range jsonFields(t) {
		if !f.optional && f.Type.Kind() != reflect.Pointer && !enumTakes(f.Type, within) {
			return false
		}
	}
	return true
}

// orZeroEnum adds the zero value to an enum whose field may be absent: the
// service takes it for absent.
func (w *structWalk) orZeroEnum(t reflect.Type, s *Schema) *Schema {
	if !isEnum(t) || enumTakes(t, map[reflect.Type]bool{}) {
		return s
	}
	data, err := json.Marshal(reflect.Zero(t).Interface())
	if err != nil {
		return s
	}
	return &Schema{AnyOf: []*Schema{s, {Type: kindTypes(t.Kind()), Const: data}}}
}

// apply adds rules to the schema of values of t.
func (w *structWalk) apply(t reflect.Type, s *Schema, f *fieldRules) *Schema {
	base, depth := indirect(t)
	if f.elems != nil || f.keys != nil {
		s = w.applyBelow(base, s, f)
	}
	if len(f.here) == 0 {
		return s
	}
	checked := s
	if f.omits && depth == 0 {
		checked = clone(s)
	}
	for _, alternatives := range f.here {
		checked = w.applyRule(base, depth > 0, checked, alternatives)
	}
	if f.omits && depth == 0 && isScalar(base) && !w.scalarZero(base, f) {
		return orZero(base, checked)
	}
	return checked
}

func isScalar(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Bool || isNumeric(t)
}

// scalarZero reports whether the rules take the zero value anyway.
func (w *structWalk) scalarZero(t reflect.Type, f *fieldRules) bool {
	here := joinRules(withoutCross(f.here))
	return here == "" || w.accepts(jsonField{}, reflect.Zero(t), here)
}

func orZero(t reflect.Type, s *Schema) *Schema {
	data, err := json.Marshal(reflect.Zero(t).Interface())
	if err != nil {
		return s
	}
	return &Schema{AnyOf: []*Schema{s, {Type: kindTypes(t.Kind()), Const: data}}}
}

func clone(s *Schema) *Schema {
	c := *s
	return &c
}

// applyBelow adds the rules that follow "dive".
func (w *structWalk) applyBelow(t reflect.Type, s *Schema, f *fieldRules) *Schema {
	if !hasElem(t) || s.Ref != "" || isBytes(t) {
		s = listed(s, "dive")
		return s
	}
	s = clone(s)
	if f.keys != nil {
		names := s.PropertyNames
		if names == nil {
			names = &Schema{}
		}
		s.PropertyNames = w.apply(t.Key(), names, f.keys)
	}
	elem := w.apply(t.Elem(), w.value(t.Elem(), w.view), f.elems)
	if canBeNull(t.Elem(), w.view) && w.takesNil(t.Elem(), f.elems) {
		elem = orNull(elem)
	}
	if t.Kind() == reflect.Map {
		s.AdditionalProperties = elem
	} else {
		s.Items = elem
	}
	return s
}

// takesNil reports whether the rules of an element take nil.
func (w *structWalk) takesNil(t reflect.Type, f *fieldRules) bool {
	here := joinRules(withoutCross(f.here))
	return here == "" || f.omits || w.accepts(jsonField{}, reflect.Zero(t), here)
}

// applyRule adds one rule, of which several alternatives may be enough.
func (w *structWalk) applyRule(t reflect.Type, pointer bool, s *Schema, alternatives []rule) *Schema {
	if alternatives[0].name == "required" && (pointer || t.Kind() == reflect.Interface) {
		return s
	}
	if alternatives[0].name == "structonly" || alternatives[0].name == "nostructlevel" || alternatives[0].name == "isdefault" && pointer {
		return listed(s, alternatives[0].name)
	}
	var said []*Schema
	for _, one := range alternatives {
		c := w.sayable(t, one)
		if c == nil {
			return listed(s, joinRules([][]rule{alternatives}))
		}
		said = append(said, c)
	}
	if len(said) == 1 {
		return restrict(clone(s), said[0])
	}
	for i, c := range said {
		c = clone(c)
		c.Type = kindTypes(t.Kind())
		said[i] = c
	}
	return restrict(clone(s), &Schema{AnyOf: said})
}

// sayable is the constraint of a rule, nil where the form in JSON is not that
// of the value which the rule is about.
func (w *structWalk) sayable(t reflect.Type, one rule) *Schema {
	if crossField.MatchString(one.name) || codesItself(t, w.view) && t != timeType {
		return nil
	}
	if wellKnown[t] != nil && t.Kind() == reflect.String {
		return nil
	}
	if isBytes(t) && !slices.Contains([]string{"required", "min", "max", "gte", "lte", "gt", "lt"}, one.name) {
		return nil
	}
	if t == timeType && one.name != "required" {
		return nil
	}
	return constraint(t, one)
}

// describe adds what people said: in tags, which win, and in comments.
func (w *structWalk) describe(f jsonField, s, said *Schema) *Schema {
	said.Ref, said.Type, said.Bool = "", nil, nil
	if f.Tag.Get("enum") == "" {
		said.Enum, said.Extensions = nil, nil
	}
	if said.Description == "" {
		said.Description = w.docs.ofField(w.goType, f.StructField, f.index)
	}
	notes := Schema{
		Title: said.Title, Description: said.Description, Default: said.Default, Examples: said.Examples,
		ReadOnly: said.ReadOnly, WriteOnly: said.WriteOnly, Deprecated: said.Deprecated,
	}
	said.Title, said.Description, said.Default, said.Examples = "", "", nil, nil
	said.ReadOnly, said.WriteOnly, said.Deprecated = false, false, false
	s = restrict(clone(s), said)
	if reflect.ValueOf(notes).IsZero() {
		return s
	}
	if s.Ref != "" {
		s = &Schema{AllOf: []*Schema{s}}
	} else {
		s = clone(s)
	}
	if notes.Title != "" {
		s.Title = notes.Title
	}
	if notes.Description != "" {
		s.Description = notes.Description
	}
	s.Default, s.Examples = notes.Default, notes.Examples
	s.ReadOnly, s.WriteOnly, s.Deprecated = notes.ReadOnly, notes.WriteOnly, notes.Deprecated
	return s
}
