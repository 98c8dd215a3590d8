package protobuf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// SchemaFormat is the media type of what [Schema] writes, as AsyncAPI names it.
const SchemaFormat = "application/vnd.google.protobuf;version=3"

// Schema writes the .proto text of a message type and of the types of its
// package that it uses; those of other packages are imported. It returns false
// for a type that is no proto.Message. See asyncapi.Foreign.
func Schema(t reflect.Type) (format, text string, ok bool) {
	if t.Kind() != reflect.Pointer {
		t = reflect.PointerTo(t)
	}
	if !t.Implements(messageType) {
		return "", "", false
	}
	m, _ := reflect.New(t.Elem()).Interface().(proto.Message)
	w := schemaWriter{file: m.ProtoReflect().Descriptor().ParentFile()}
	w.use(m.ProtoReflect().Descriptor())
	return SchemaFormat, w.text(), true
}

// schemaWriter collects the types of one file.
type schemaWriter struct {
	file    protoreflect.FileDescriptor
	used    []protoreflect.Descriptor
	imports []string
}

// use adds a type and what it refers to.
func (w *schemaWriter) use(d protoreflect.Descriptor) {
	if d.ParentFile() != w.file {
		if path := d.ParentFile().Path(); !slices.Contains(w.imports, path) {
			w.imports = append(w.imports, path)
		}
		return
	}
	for d.Parent() != w.file {
		d = d.Parent()
	}
	if slices.Contains(w.used, d) {
		return
	}
	w.used = append(w.used, d)
	if m, ok := d.(protoreflect.MessageDescriptor); ok {
		w.useFields(m)
	}
}

func (w *schemaWriter) useFields(m protoreflect.MessageDescriptor) {
	for i := range m.Fields().Len() {
		switch f := m.Fields().Get(i); {
		case f.Message() != nil && !f.IsMap():
			w.use(f.Message())
		case f.IsMap() && f.MapValue().Message() != nil:
			w.use(f.MapValue().Message())
		case f.Enum() != nil:
			w.use(f.Enum())
		}
	}
	for i := range m.Messages().Len() {
		if nested := m.Messages().Get(i); !nested.IsMapEntry() {
			w.useFields(nested)
		}
	}
}

func (w *schemaWriter) text() string {
	var b strings.Builder
	b.WriteString("syntax = \"proto3\";\n")
	if w.file.Package() != "" {
		fmt.Fprintf(&b, "\npackage %s;\n", w.file.Package())
	}
	slices.Sort(w.imports)
	for _, path := range w.imports {
		fmt.Fprintf(&b, "\nimport %q;", path)
	}
	if len(w.imports) > 0 {
		b.WriteByte('\n')
	}
	for _, d := range w.used {
		b.WriteByte('\n')
		switch d := d.(type) {
		case protoreflect.MessageDescriptor:
			writeMessage(&b, d, "")
		case protoreflect.EnumDescriptor:
			writeEnum(&b, d, "")
		}
	}
	return b.String()
}

func writeMessage(b *strings.Builder, m protoreflect.MessageDescriptor, indent string) {
	fmt.Fprintf(b, "%smessage %s {\n", indent, m.Name())
	for i := range m.Enums().Len() {
		writeEnum(b, m.Enums().Get(i), indent+"  ")
	}
	for i := range m.Messages().Len() {
		if nested := m.Messages().Get(i); !nested.IsMapEntry() {
			writeMessage(b, nested, indent+"  ")
		}
	}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		oneof := f.ContainingOneof()
		if oneof == nil || oneof.IsSynthetic() {
			fmt.Fprintf(b, "%s  %s\n", indent, field(f))
			continue
		}
		if oneof.Fields().Get(0) != f {
			continue
		}
		fmt.Fprintf(b, "%s  oneof %s {\n", indent, oneof.Name())
		for j := range oneof.Fields().Len() {
			fmt.Fprintf(b, "%s    %s\n", indent, field(oneof.Fields().Get(j)))
		}
		fmt.Fprintf(b, "%s  }\n", indent)
	}
	fmt.Fprintf(b, "%s}\n", indent)
}

func writeEnum(b *strings.Builder, e protoreflect.EnumDescriptor, indent string) {
	fmt.Fprintf(b, "%senum %s {\n", indent, e.Name())
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		fmt.Fprintf(b, "%s  %s = %d;\n", indent, v.Name(), v.Number())
	}
	fmt.Fprintf(b, "%s}\n", indent)
}

func field(f protoreflect.FieldDescriptor) string {
	kind := fieldType(f)
	switch {
	case f.IsMap():
		kind = fmt.Sprintf("map<%s, %s>", fieldType(f.MapKey()), fieldType(f.MapValue()))
	case f.IsList():
		kind = "repeated " + kind
	case f.HasOptionalKeyword():
		kind = "optional " + kind
	}
	return fmt.Sprintf("%s %s = %d;", kind, f.Name(), f.Number())
}

func fieldType(f protoreflect.FieldDescriptor) string {
	switch {
	case f.Message() != nil:
		return "." + string(f.Message().FullName())
	case f.Enum() != nil:
		return "." + string(f.Enum().FullName())
	default:
		return f.Kind().String()
	}
}
