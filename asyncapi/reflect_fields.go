package asyncapi

import (
	"reflect"
	"slices"
	"strings"

	"github.com/swaggest/jsonschema-go"
)

// jsonField is a field of a struct as encoding/json sees it.
type jsonField struct {
	reflect.StructField
	name   string
	index  []int
	tagged bool
	// optional is omitempty or omitzero, quoted is ",string".
	optional, quoted bool
	// sealed fields are behind an embedded pointer to an unexported struct:
	// decoding refuses them.
	sealed bool
	// behind is the index path of the outermost embedded pointer that the field
	// is behind, nil for none: without it the field is not there.
	behind []int
}

// jsonFields returns the fields of a struct that encoding/json reads and
// writes, in the order of their declaration: of several with one name the one
// that is embedded least deeply, a tagged one before others, and none where
// that leaves several.
func jsonFields(t reflect.Type) []jsonField {
	var all []jsonField
	c := fieldCollector{all: &all, within: map[reflect.Type]bool{}}
	c.collect(t, nil, nil, false)
	byName := map[string][]jsonField{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	return slices.DeleteFunc(all, func(f jsonField) bool { return !dominant(f, byName[f.name]) })
}

func dominant(f jsonField, rivals []jsonField) bool {
	for _, o := range rivals {
		if slices.Equal(o.index, f.index) {
			continue
		}
		if len(o.index) < len(f.index) || len(o.index) == len(f.index) && (o.tagged || !f.tagged) {
			return false
		}
	}
	return true
}

type fieldCollector struct {
	all    *[]jsonField
	within map[reflect.Type]bool
}

func (c *fieldCollector) collect(t reflect.Type, at, behind []int, sealed bool) {
	if c.within[t] {
		return
	}
	c.within[t] = true
	defer delete(c.within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(at), i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		base := f.Type
		if base.Kind() == reflect.Pointer {
			base = base.Elem()
		}
		switch {
		case tag == "-", !f.IsExported() && (!f.Anonymous || base.Kind() != reflect.Struct):
		case f.Anonymous && name == "" && base.Kind() == reflect.Struct:
			pointer := f.Type.Kind() == reflect.Pointer
			outermost := behind
			if outermost == nil && pointer {
				outermost = index
			}
			c.collect(base, index, outermost, sealed || pointer && !f.IsExported())
		case !f.IsExported():
		default:
			j := newJSONField(f, name, options, index, sealed)
			j.behind = behind
			*c.all = append(*c.all, j)
		}
	}
}

func newJSONField(f reflect.StructField, name, options string, index []int, sealed bool) jsonField {
	j := jsonField{StructField: f, name: name, index: index, tagged: name != "", sealed: sealed}
	if name == "" {
		j.name = f.Name
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty", "omitzero":
			j.optional = true
		case "string":
			base, _ := indirect(f.Type)
			j.quoted = base.Kind() == reflect.String || base.Kind() == reflect.Bool || base.Kind() >= reflect.Int && base.Kind() <= reflect.Float64
		}
	}
	return j
}

// visits returns the index paths of the fields in the order in which package
// jsonschema-go comes to them: it does not know which of several counts.
func visits(t reflect.Type, at []int, within map[reflect.Type]bool) [][]int {
	var paths [][]int
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(at), i)
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		base, _ := indirect(f.Type)
		switch {
		case tag == "-":
		case name == "" && f.Anonymous && base.Kind() == reflect.Struct:
			if !referred(f) && !within[base] {
				within[base] = true
				paths = append(paths, visits(base, index, within)...)
				delete(within, base)
			}
		case f.Name == "_" || f.PkgPath != "":
		default:
			paths = append(paths, index)
		}
	}
	return paths
}

// embedsItself reports whether a struct holds itself by embedding.
func embedsItself(t reflect.Type, within map[reflect.Type]bool) bool {
	if within[t] {
		return true
	}
	within[t] = true
	defer delete(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		base, _ := indirect(f.Type)
		if f.Anonymous && base.Kind() == reflect.Struct && f.Tag.Get("json") == "" && embedsItself(base, within) {
			return true
		}
	}
	return false
}

func referred(f reflect.StructField) bool {
	if refer := f.Tag.Get("refer"); refer != "" {
		return refer == "true"
	}
	return f.Type.Implements(reflect.TypeFor[jsonschema.EmbedReferencer]())
}
