package asyncapi

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func itoa(i int) string { return strconv.Itoa(i) }

// tree looks at every object of the document, whatever it is: references, keys
// of extensions.
func (l *linter) tree(at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			l.ref(at, ref, v)
			return
		}
		for _, key := range sortedKeys(v) {
			if strings.HasPrefix(key, "x-") && strings.Contains(key, ".") {
				l.warnf(at+pointer(key), "extension", "wanted an extension without a dot, got %q", key)
			}
			if key == "examples" || key == "default" || key == "const" || key == "enum" || strings.HasPrefix(key, "x-") {
				continue
			}
			l.tree(at+pointer(key), v[key])
		}
		if isSchemaPlace(at) {
			l.schema(at, v)
		}
	case []any:
		for i, item := range v {
			l.tree(at+pointer(itoa(i)), item)
		}
	}
}

func (l *linter) ref(at, ref string, object map[string]any) {
	l.refs[ref] = true
	if _, ok := l.lookup(ref); !ok {
		l.errorf(at, "ref", "wanted a reference to something in the document, got %q", ref)
	}
	for _, key := range sortedKeys(object) {
		switch {
		case key == "$ref":
		case strings.HasPrefix(key, "x-"):
			l.warnf(at, "ref-alone", "wanted $ref alone, got %q beside it", key)
		default:
			l.errorf(at, "ref-alone", "wanted $ref alone, got %q beside it, which is ignored", key)
		}
	}
}

// schemaPlaces are the places of schemas: those of the document, and those
// inside another schema.
var schemaPlaces = regexp.MustCompile(`^/components/schemas/[^/]+(/.*)?$|^/(components|channels/[^/]+)/messages/[^/]+/(payload|headers)(/.*)?$`)

func isSchemaPlace(at string) bool {
	if !schemaPlaces.MatchString(at) {
		return false
	}
	last := at[strings.LastIndexByte(at, '/')+1:]
	above := strings.TrimSuffix(at, "/"+last)
	// The map of properties is no schema, but a property called so is one.
	return last != "properties" && last != "patternProperties" && last != "dependencies" && last != "externalDocs" ||
		strings.HasSuffix(above, "/properties")
}

// foreignKeywords are of other schema languages; readers of Draft 7 ignore them.
var foreignKeywords = []string{
	"nullable", "$defs", "prefixItems", "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems",
	"minContains", "maxContains", "$anchor", "$dynamicRef", "$recursiveRef", "example", "xml", "definitions",
}

func (l *linter) schema(at string, s map[string]any) {
	for _, key := range foreignKeywords {
		if _, ok := s[key]; ok {
			l.errorf(at+pointer(key), "keyword", "wanted a keyword of Draft 7, got %q", key)
		}
	}
	for _, bound := range []string{"exclusiveMinimum", "exclusiveMaximum"} {
		if _, ok := s[bound].(bool); ok {
			l.errorf(at+pointer(bound), "keyword", "wanted a number, got a boolean of Draft 4")
		}
	}
	if p, ok := s["pattern"].(string); ok {
		l.pattern(at+"/pattern", p)
	}
	for _, pair := range [][2]string{{"minimum", "maximum"}, {"minLength", "maxLength"}, {"minItems", "maxItems"}, {"minProperties", "maxProperties"}} {
		least, ok := s[pair[0]].(json.Number)
		most, also := s[pair[1]].(json.Number)
		if ok && also && compare(least, most) > 0 {
			l.warnf(at, "bounds", "wanted %s at most %s, got %s and %s", pair[0], pair[1], least, most)
		}
	}
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if text, _ := name.(string); properties[text] == nil && len(properties) > 0 {
			l.warnf(at+"/required", "required", "wanted a declared property, got %q", text)
		}
	}
	if name, ok := s["discriminator"].(string); ok && (properties[name] == nil || !slices.Contains(required, any(name))) {
		l.errorf(at+"/discriminator", "discriminator", "wanted a declared and required property, got %q", name)
	}
	l.schemaExamples(at, s)
}

func (l *linter) schemaExamples(at string, s map[string]any) {
	examples, _ := s["examples"].([]any)
	if v, ok := s["default"]; ok {
		examples = append(slices.Clone(examples), v)
	}
	for _, v := range examples {
		if err := l.checker.check(at, v); err != nil {
			data, _ := encode(v)
			l.errorf(at, "schema-example", "wanted an example that the schema accepts, got %s", bytes.TrimSpace(data))
		}
	}
}

// uncommon are constructs that RE2 and ECMA-262 with the u flag do not share.
var uncommon = regexp.MustCompile(`\(\?(?:[^:]|$)|\\[AzZQEC]|\[\[:|\\[sSwWdDbB]|\\x\{`)

func (l *linter) pattern(at, p string) {
	if _, err := regexp.Compile(p); err != nil {
		l.errorf(at, "pattern", "wanted a regular expression, got %q", p)
		return
	}
	if found := uncommon.FindString(p); found != "" && !slices.Contains([]string{`\d`, `\D`, `\w`, `\W`, `\b`, `\B`}, found) {
		l.errorf(at, "pattern", "wanted what RE2 and ECMA-262 have in common, got %q in %q", found, p)
		return
	}
	inClass := false
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] == '\\' && i+1 < len(p):
			i++
			if p[i] == '-' && !inClass || strings.IndexByte(`"'#%&,:;<=>@_~!`+"`", p[i]) >= 0 {
				l.errorf(at, "pattern", "wanted no needless escape, got %q in %q", p[i-1:i+1], p)
				return
			}
		case p[i] == '[':
			inClass = true
		case p[i] == ']':
			inClass = false
		}
	}
}

// unused finds components that nothing refers to.
func (l *linter) unused() {
	if l.doc.Components == nil {
		return
	}
	for _, key := range sortedKeys(l.doc.Components.Schemas) {
		if !l.refs[schemasPrefix+key] {
			l.warnf(pointer("components", "schemas", key), "unused", "wanted a schema that something refers to, got none")
		}
	}
	for _, key := range sortedKeys(l.doc.Components.Messages) {
		if !l.refs["#/components/messages/"+key] {
			l.warnf(pointer("components", "messages", key), "unused", "wanted a message that something refers to, got none")
		}
	}
}
