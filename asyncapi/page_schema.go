package asyncapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi/internal/ui"
)

// maxNested bounds how deep schemas are unfolded where they are used; what lies
// deeper is a link.
const maxNested = 4

func schemaID(name string) string { return "schema-" + name }

func (v *viewer) message(m *Message, received bool) ui.Message {
	v.sent = !received
	shown := ui.Message{
		Name: m.Name, Title: first(m.Title, m.Name), ContentType: m.ContentType, About: ui.Text(first(m.Description, m.Summary)),
	}
	if m.Headers != nil {
		for _, p := range v.properties(m.Headers, maxNested) {
			if !strings.HasPrefix(p.Name, parley.HeaderPrefix) {
				shown.Headers = append(shown.Headers, p)
			}
		}
	}
	if m.Payload != nil && m.Payload.Format != "" {
		shown.Foreign = m.Payload.Text
	} else if m.Payload != nil {
		shown.Body = v.value(m.Payload.Schema, maxNested)
	}
	for _, e := range m.Examples {
		shown.Examples = append(shown.Examples, v.example(e, m.ContentType))
	}
	return shown
}

func (v *viewer) example(e Example, contentType string) ui.Example {
	shown := ui.Example{Name: e.Name}
	if shown.Name == "example" {
		shown.Name = ""
	}
	for _, name := range sortedKeys(e.Headers) {
		shown.Headers += fmt.Sprintf("%s: %v\n", name, e.Headers[name])
	}
	shown.Headers = strings.TrimSuffix(shown.Headers, "\n")
	if text, ok := e.Payload.(string); ok && contentType != contentJSON {
		shown.Body = text
		return shown
	}
	shown.Body = pretty(e.Payload)
	return shown
}

// pretty writes a value as indented JSON.
func pretty(value any) string {
	data, err := encode(value)
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	if json.Indent(&b, data, "", "  ") != nil {
		return string(data)
	}
	return strings.TrimSpace(b.String())
}

// glance names what a message holds.
func (v *viewer) glance(m *Message) ui.Link {
	if m.Payload == nil || m.Payload.Format != "" || m.Payload.Schema == nil {
		return ui.Link{Text: m.Name}
	}
	s := m.Payload.Schema
	if ref := s.Ref; ref != "" {
		name := strings.TrimPrefix(ref, schemasPrefix)
		return ui.Link{Text: name, To: "#" + schemaID(name)}
	}
	switch {
	case s.Type.Has("null") && len(s.Type) == 1:
		return ui.Link{Text: "nothing"}
	case m.ContentType == contentText:
		return ui.Link{Text: "text"}
	case m.ContentType == contentBytes:
		return ui.Link{Text: "bytes"}
	default:
		return ui.Link{Text: m.Name}
	}
}

// value says what a schema allows. depth is how many levels are still unfolded.
func (v *viewer) value(s *Schema, depth int) ui.Value {
	if s == nil {
		return ui.Value{}
	}
	shown := ui.Value{Type: v.typeOf(s), About: ui.Text(s.Description), Deprecated: s.Deprecated}
	target := v.target(s)
	for _, level := range levels(s, target) {
		shown.Limits = append(shown.Limits, limits(level)...)
		shown.Rules = append(shown.Rules, v.rulesInWords(level)...)
		for _, c := range level.Enum {
			shown.Choices = append(shown.Choices, inWords(c))
		}
	}
	if len(s.Examples) > 0 {
		shown.Example = inWords(s.Examples[0])
	}
	if s.Default != nil {
		shown.Default = string(s.Default)
	}
	if depth > 0 {
		shown.Properties = v.nested(target, depth-1)
	}
	return shown
}

// target is the schema behind references, null aside.
func (v *viewer) target(s *Schema) *Schema {
	for range 8 {
		switch {
		case s.Ref != "":
			next := v.doc.Schema(s.Ref)
			if next == nil {
				return s
			}
			s = next
		case len(s.AllOf) == 1:
			s = s.AllOf[0]
		case len(s.AnyOf) == 2 && isNull(s.AnyOf[1]):
			s = s.AnyOf[0]
		default:
			return s
		}
	}
	return s
}

// levels are the schema as it stands and the one behind it, each once.
func levels(s, target *Schema) []*Schema {
	if s == target {
		return []*Schema{s}
	}
	return []*Schema{s, target}
}

func isNull(s *Schema) bool { return len(s.Type) == 1 && s.Type[0] == "null" }

// nested are the properties of an object, or of what an array or map holds.
func (v *viewer) nested(s *Schema, depth int) []ui.Property {
	for range 4 {
		switch {
		case len(s.Properties) > 0:
			return v.properties(s, depth)
		case s.Items != nil:
			s = v.target(s.Items)
		case s.AdditionalProperties != nil && s.AdditionalProperties.Bool == nil:
			s = v.target(s.AdditionalProperties)
		default:
			return nil
		}
	}
	return nil
}

func (v *viewer) properties(s *Schema, depth int) []ui.Property {
	var all []ui.Property
	for _, p := range s.Properties {
		if p.Schema.Bool != nil && !*p.Schema.Bool {
			continue
		}
		all = append(all, ui.Property{Name: p.Name, Required: slices.Contains(s.Required, p.Name), Value: v.value(p.Schema, depth)})
	}
	return all
}

// typeOf names the kinds of a value, with links to named schemas.
func (v *viewer) typeOf(s *Schema) []ui.Link {
	switch {
	case s.Bool != nil && *s.Bool:
		return []ui.Link{{Text: "anything"}}
	case s.Bool != nil:
		return []ui.Link{{Text: "nothing"}}
	case s.Ref != "":
		name := strings.TrimPrefix(s.Ref, schemasPrefix)
		return []ui.Link{{Text: name, To: "#" + schemaID(name)}}
	case len(s.AllOf) > 0 && len(s.Type) == 0:
		return v.typeOf(s.AllOf[0])
	case len(s.AnyOf) > 0 && len(s.Type) == 0:
		return v.alternatives(s.AnyOf)
	case len(s.OneOf) > 0 && len(s.Type) == 0:
		return v.alternatives(s.OneOf)
	case s.Const != nil:
		return []ui.Link{{Text: string(s.Const)}}
	case len(s.Type) == 0:
		return []ui.Link{{Text: "anything"}}
	}
	var all []ui.Link
	for i, t := range s.Type {
		if i > 0 {
			all = append(all, ui.Link{Text: " or "})
		}
		all = append(all, v.kind(s, t)...)
	}
	return all
}

// alternatives lists what a value may be, each kind once.
func (v *viewer) alternatives(schemas []*Schema) []ui.Link {
	var all []ui.Link
	seen := map[string]bool{}
	for _, s := range schemas {
		links := v.typeOf(s)
		text := fmt.Sprint(links)
		if seen[text] {
			continue
		}
		seen[text] = true
		if len(all) > 0 {
			all = append(all, ui.Link{Text: " or "})
		}
		all = append(all, links...)
	}
	return all
}

func (v *viewer) kind(s *Schema, t string) []ui.Link {
	switch {
	case t == "array" && s.Items != nil:
		return append([]ui.Link{{Text: "array of "}}, v.typeOf(s.Items)...)
	case t == "object" && s.AdditionalProperties != nil && len(s.Properties) == 0 && s.AdditionalProperties.Bool == nil:
		return append([]ui.Link{{Text: "map of "}}, v.typeOf(s.AdditionalProperties)...)
	case t == "string" && s.Format != "":
		return []ui.Link{{Text: s.Format}}
	case t == "string" && s.ContentEncoding != "":
		return []ui.Link{{Text: s.ContentEncoding + " text"}}
	default:
		return []ui.Link{{Text: t}}
	}
}

// inWords writes a value of an example: a string as it is, all else as JSON.
func inWords(value any) string {
	if s, ok := value.(string); ok && s != "" {
		return s
	}
	data, err := encode(value)
	if err != nil {
		return ""
	}
	return string(data)
}

// checked are the names of the schemas that received messages use.
func (v *viewer) checked() map[string]bool {
	seen := map[string]bool{}
	var walk func(s *Schema)
	walk = func(s *Schema) {
		if s == nil {
			return
		}
		if name, ok := strings.CutPrefix(s.Ref, schemasPrefix); ok && !seen[name] {
			seen[name] = true
			walk(v.doc.Schema(s.Ref))
		}
		for _, p := range s.Properties {
			walk(p.Schema)
		}
		for _, inner := range slices.Concat([]*Schema{s.Items, s.AdditionalProperties}, s.AllOf, s.AnyOf, s.OneOf) {
			walk(inner)
		}
	}
	for _, op := range v.g.operations {
		if op.Action == parley.Receive {
			walk(op.message.payload)
		}
	}
	return seen
}
