package binder

import (
	"reflect"
	"slices"
	"strings"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport"
)

// NoBody stands for a body that is not there, or not read.
type NoBody struct{}

// annotated binds the fields of a struct to the parts of a message.
type annotated struct {
	// base is the struct, depth counts the pointers of the parameter.
	base    reflect.Type
	depth   int
	headers []partField
	paths   []partField
	// body is nil when the struct has no field for it.
	body *bodyField
}

// partField is a field filled from a header or a path parameter.
type partField struct {
	index []int
	name  string
	// part names the source in errors: "header x-tenant".
	part string
	// at is the position of a path parameter in the address template.
	at     int
	goType reflect.Type
	// optional fields are pointers: nil when the part is missing.
	optional bool
	enum     *enumCheck
}

type bodyField struct {
	index   []int
	decoder *decoder
}

// isAnnotated reports whether t is a struct with a field tagged header, path
// or body, also in an embedded struct.
func isAnnotated(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t == messageType {
		return false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if _, _, tagged := partOf(f); tagged {
			return true
		}
		if f.Anonymous && isAnnotated(f.Type) {
			return true
		}
	}
	return false
}

// partOf returns the tag that binds a field.
func partOf(f reflect.StructField) (kind, name string, ok bool) {
	for _, kind := range []string{partHeader, partPath, partBody} {
		if name, ok := f.Tag.Lookup(kind); ok && name != "-" {
			return kind, name, true
		}
	}
	return "", "", false
}

// ignored reports whether a field says that it is bound to nothing.
func ignored(f reflect.StructField) bool {
	return slices.ContainsFunc([]string{partHeader, partPath, partBody, "json"}, func(tag string) bool {
		return f.Tag.Get(tag) == "-"
	})
}

// bind fills dst, a pointer to the parameter's type.
func (a *annotated) bind(m *transport.Message, path []string, dst any) error {
	v := reflect.ValueOf(dst).Elem()
	for range a.depth {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	for i := range a.headers {
		f := &a.headers[i]
		value, ok := m.Headers[f.name]
		if err := f.set(v, value, ok && value != nil); err != nil {
			return err
		}
	}
	for i := range a.paths {
		f := &a.paths[i]
		value := ""
		if f.at < len(path) {
			value = path[f.at]
		}
		if err := f.set(v, value, f.at < len(path)); err != nil {
			return err
		}
	}
	if a.body == nil {
		return nil
	}
	if err := a.body.decoder.decode(m, v.FieldByIndex(a.body.index).Addr().Interface()); err != nil {
		return inputError(partBody, err)
	}
	return nil
}

// set writes one part into its field of v.
func (f *partField) set(v reflect.Value, value any, present bool) error {
	field := v.FieldByIndex(f.index)
	switch {
	case !present && f.optional:
		return nil
	case !present:
		return &InputError{Part: f.part, Reason: "is missing"}
	}
	if f.optional {
		field.Set(reflect.New(f.goType.Elem()))
		field = field.Elem()
	}
	if err := assign(field.Addr().Interface(), value); err != nil {
		return inputError(f.part, err)
	}
	if f.enum != nil {
		if err := f.enum.check(field); err != nil {
			return inputError(f.part, err)
		}
	}
	return nil
}

var text = serialization.Text()

// assign converts a header's value or a word of an address by way of its text
// form, so that it does not matter in which width or notation a peer sends it.
func assign(dst, value any) error {
	switch v := value.(type) {
	case string:
		return text.Decode([]byte(v), dst)
	case []byte:
		if shapeOf(reflect.TypeOf(dst).Elem()) == rawBytes {
			reflect.ValueOf(dst).Elem().SetBytes(slices.Clone(v))
			return nil
		}
		return text.Decode(v, dst)
	}
	form, err := text.Encode(value)
	if err != nil {
		return &serialization.Error{Wanted: "a plain value", Got: "a table or a list", Err: err}
	}
	return text.Decode(form, dst)
}

// compileAnnotated reads the tags of an annotated struct.
func (c *compiler) compileAnnotated(t reflect.Type) *annotated {
	a := &annotated{}
	a.base, a.depth = pointee(t)
	c.annotatedFields(a, a.base, nil)
	return a
}

func (c *compiler) annotatedFields(a *annotated, t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(at), i)
		where := t.String() + "." + f.Name
		kind, name, tagged := partOf(f)
		switch {
		case tagged && !f.IsExported():
			c.fault("an exported field for the tag "+kind, where, "begin its name with an upper-case letter")
		case tagged && kind == partBody:
			c.bodyField(a, f, where, index)
		case tagged:
			c.partField(a, f, where, index, kind, name)
		case ignored(f), !f.IsExported() && !f.Anonymous:
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			c.annotatedFields(a, f.Type, index)
		case f.Anonymous && f.Type.Kind() == reflect.Pointer:
			c.fault("a struct embedded by value", where+" "+f.Type.String(), "embed it without the *")
		default:
			c.fault("a header, path or body tag on every field of an annotated input", where+" without one",
				`tag it, or leave it out with header:"-"`)
		}
	}
}

func (c *compiler) bodyField(a *annotated, f reflect.StructField, where string, index []int) {
	if a.body != nil {
		c.fault("at most one body field", where+" as another one", "put both into one struct")
		return
	}
	if c.decodable(f.Type, "the body field "+where) {
		a.body = &bodyField{index, c.wire.decoderOf(f.Type)}
	}
}

func (c *compiler) partField(a *annotated, f reflect.StructField, where string, index []int, kind, name string) {
	p := partField{index: index, name: name, part: kind + " " + name, goType: f.Type}
	base := f.Type
	if base.Kind() == reflect.Pointer {
		p.optional, base = true, base.Elem()
	}
	if name == "" {
		c.fault("a name in the tag "+kind, where+" with an empty one", kind+`:"name"`)
		return
	}
	if !serialization.IsText(base) {
		c.fault("a "+kind+" field of a type with a text form", where+" "+f.Type.String(),
			"use a string, a bool, a number, time.Time, []byte or a type with UnmarshalText, or a pointer to one")
		return
	}
	p.enum = enumCheckOf(base)
	if kind == partHeader {
		a.headers = append(a.headers, p)
		return
	}
	if p.at = slices.Index(c.PathNames, name); p.at < 0 {
		c.fault("a path tag that names a parameter of the address", where+" with "+quoted(name), pathHint(c.PathNames))
		return
	}
	a.paths = append(a.paths, p)
}

func pathHint(names []string) string {
	if len(names) == 0 {
		return "the address has no {parameter}"
	}
	return "the address has {" + strings.Join(names, "}, {") + "}"
}
