package asyncapi

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/swaggest/jsonschema-go"
)

// structWalk describes one struct. Package jsonschema-go walks its fields and
// applies what users say by tags and methods; the schemas of the fields are
// ours, put in by its hooks.
type structWalk struct {
	*reflector
	goType reflect.Type
	view   view
	order  [][]int
	fields map[string]jsonField // by index path
	next   int
	// current is the field being walked, and base its schema.
	current *jsonField
	base    *Schema

	properties Properties
	required   []string
	// behind are the required properties behind each embedded pointer.
	behind map[string][]string
}

func pathKey(index []int) string { return fmt.Sprint(index) }

// structure describes a struct.
func (r *reflector) structure(t reflect.Type, v view) *Schema {
	if embedsItself(t, map[reflect.Type]bool{}) {
		r.faultf(t, "wanted a struct that does not embed itself")
		return &Schema{}
	}
	w := &structWalk{reflector: r, goType: t, view: v, order: visits(t, nil, map[reflect.Type]bool{t: true}), fields: map[string]jsonField{}}
	for _, f := range jsonFields(t) {
		w.fields[pathKey(f.index)] = f
	}
	own, err := r.users.Reflect(
		reflect.New(t).Elem().Interface(),
		jsonschema.ProcessWithoutTags, jsonschema.InlineRefs, jsonschema.SkipEmbeddedMapsSlices,
		jsonschema.InterceptSchema(w.interceptSchema), jsonschema.InterceptProp(w.interceptProp),
	)
	if err != nil {
		r.faultf(t, "%v", err)
		return &Schema{}
	}
	return w.finish(own)
}

// finish puts together what users say of the whole type and what the walk found.
func (w *structWalk) finish(own jsonschema.Schema) *Schema {
	_, prepared := reflect.New(w.goType).Interface().(jsonschema.Preparer)
	if !prepared {
		own.Properties = nil
	}
	s, err := fromUser(own)
	if err != nil {
		w.faultf(w.goType, "%v", err)
		return &Schema{}
	}
	if !prepared {
		s.Properties = w.properties
	} else {
		slices.SortStableFunc(s.Properties, func(a, b Property) int { return w.position(a.Name) - w.position(b.Name) })
	}
	s.Required = append(s.Required, w.required...)
	s.Dependencies = w.dependencies()
	slices.Sort(s.Required)
	s.Required = slices.Compact(s.Required)
	slices.SortStableFunc(s.Required, func(a, b string) int { return w.position(a) - w.position(b) })
	if len(s.Type) == 0 && s.OneOf == nil && s.AnyOf == nil {
		s.Type = Types{"object"}
	}
	return s
}

// require makes a property required; one behind an embedded pointer is so only
// when another one behind it is there.
func (w *structWalk) require(f jsonField) {
	if f.behind == nil {
		w.required = append(w.required, f.name)
		return
	}
	if w.behind == nil {
		w.behind = map[string][]string{}
	}
	key := pathKey(f.behind)
	w.behind[key] = append(w.behind[key], f.name)
}

func (w *structWalk) dependencies() map[string][]string {
	if len(w.behind) == 0 {
		return nil
	}
	all := map[string][]string{}
	for _, f := range w.fields {
		for _, name := range w.behind[pathKey(f.behind)] {
			if name != f.name {
				all[f.name] = append(all[f.name], name)
			}
		}
	}
	return all
}

func (w *structWalk) position(name string) int {
	at := slices.IndexFunc(w.properties, func(p Property) bool { return p.Name == name })
	if at < 0 {
		return len(w.properties)
	}
	return at
}

// interceptSchema keeps the walk to one level: what stands in a field, or in a
// list of alternatives, is described by the reflector.
func (w *structWalk) interceptSchema(p jsonschema.InterceptSchemaParams) (bool, error) {
	if p.Processed || len(p.Context.Path) == 1 {
		return false, nil
	}
	if w.current == nil {
		ref := w.value(p.Value.Type(), w.view)
		own, err := toUser(ref)
		*p.Schema = own
		return true, err
	}
	for _, t := range w.base.skeleton() {
		p.Schema.AddType(jsonschema.SimpleType(t))
	}
	return true, nil
}

// skeleton are the types by which the values in tags are read.
func (s *Schema) skeleton() Types {
	for _, t := range s.Type {
		if t != "null" {
			return Types{t}
		}
	}
	return nil
}

func (w *structWalk) interceptProp(p jsonschema.InterceptPropParams) error {
	if !p.Processed {
		return w.begin(p.Field)
	}
	f := *w.current
	w.current = nil
	said, err := fromUser(*p.PropertySchema)
	if err != nil {
		return fmt.Errorf("field %s: %w", f.Name, err)
	}
	s := w.property(f, said)
	w.properties = append(w.properties, Property{f.name, s})
	own, err := toUser(s)
	*p.PropertySchema = own
	return err
}

// begin finds the field that the walk has come to.
func (w *structWalk) begin(field reflect.StructField) error {
	if w.next >= len(w.order) {
		return fmt.Errorf("field %s: unexpected", field.Name)
	}
	f, counts := w.fields[pathKey(w.order[w.next])]
	w.next++
	if !counts {
		return jsonschema.ErrSkipProperty
	}
	w.current = &f
	w.base = w.value(f.Type, w.view)
	if w.base.Ref != "" {
		base, _ := indirect(f.Type)
		w.base = &Schema{Ref: w.base.Ref, Type: kindTypes(base.Kind())}
	}
	return nil
}

func kindTypes(k reflect.Kind) Types {
	switch {
	case k == reflect.String:
		return Types{"string"}
	case k == reflect.Bool:
		return Types{"boolean"}
	case k >= reflect.Int && k <= reflect.Uintptr:
		return Types{"integer"}
	case k == reflect.Float32 || k == reflect.Float64:
		return Types{"number"}
	case k == reflect.Slice || k == reflect.Array:
		return Types{"array"}
	default:
		return Types{"object"}
	}
}
