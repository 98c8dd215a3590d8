package asyncapi

import (
	"slices"
	"strings"
)

// amqpProperties must not be named among the application's headers.
var amqpProperties = []string{
	"contenttype", "contentencoding", "deliverymode", "priority", "correlationid", "replyto", "expiration",
	"messageid", "timestamp", "type", "userid", "appid", "clusterid",
}

func (l *linter) components() {
	c := l.doc.Components
	if c == nil {
		return
	}
	for section, keys := range map[string][]string{
		"schemas": sortedKeys(c.Schemas), "messages": sortedKeys(c.Messages),
		"securitySchemes": sortedKeys(c.SecuritySchemes), "correlationIds": sortedKeys(c.CorrelationIDs),
	} {
		for _, key := range keys {
			if !componentKey.MatchString(key) {
				l.errorf(pointer("components", section, key), "key", "wanted a key of letters, digits, ., - and _, got %q", key)
			}
		}
	}
	for _, key := range sortedKeys(c.Messages) {
		l.message(pointer("components", "messages", key), c.Messages[key])
	}
	for _, channel := range sortedKeys(l.doc.Channels) {
		for _, key := range sortedKeys(l.doc.Channels[channel].Messages) {
			if m := l.doc.Channels[channel].Messages[key]; m.Ref == "" {
				l.message(pointer("channels", channel, "messages", key), m)
			}
		}
	}
}

func (l *linter) message(at string, m *Message) {
	if m.ContentType != "" && !isMediaType(m.ContentType) {
		l.errorf(at+"/contentType", "content-type", "wanted a media type, got %q", m.ContentType)
	}
	if m.Headers != nil {
		l.headers(at+"/headers", m.Headers)
	}
	if id := m.CorrelationID; id != nil && id.Ref == "" && id.Extensions[ExtProperty] == nil {
		name, inHeader := strings.CutPrefix(id.Location, "$message.header#/")
		if inHeader && (m.Headers == nil || m.Headers.Properties.Get(name) == nil) {
			l.warnf(at+"/correlationId", "correlation-id", "wanted a declared header or %s, got %q", ExtProperty, id.Location)
		}
	}
	if m.Payload != nil && m.Payload.Format != "" {
		if !strings.HasPrefix(m.Payload.Format, "application/vnd.google.protobuf") {
			l.errorf(at+"/payload/schemaFormat", "schema-format", "wanted JSON Schema or protobuf, got %q", m.Payload.Format)
		}
		return
	}
	for i, e := range m.Examples {
		l.example(at, i, m, e)
	}
}

func (l *linter) example(at string, i int, m *Message, e Example) {
	place := at + pointer("examples", itoa(i))
	if m.Payload != nil && (e.Payload != nil || e.Headers == nil) {
		if err := l.checker.check(at+"/payload", e.Payload); err != nil {
			l.errorf(place+"/payload", "example", "wanted an example that its schema accepts: %v", oneLine(err))
		}
	}
	if m.Headers != nil && e.Headers != nil {
		if err := l.checker.check(at+"/headers", e.Headers); err != nil {
			l.errorf(place+"/headers", "example", "wanted headers that their schema accepts: %v", oneLine(err))
		}
	}
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func (l *linter) headers(at string, s *Schema) {
	if s.Ref != "" {
		if s = l.doc.Schema(s.Ref); s == nil {
			return
		}
	}
	if !slices.Equal(s.Type, Types{"object"}) {
		l.errorf(at, "headers", "wanted an object, got %v", []string(s.Type))
	}
	for _, p := range s.Properties {
		plain := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(p.Name))
		if slices.Contains(amqpProperties, plain) {
			l.errorf(at+pointer("properties", p.Name), "headers", "wanted a header of the application, got the AMQP property %q", p.Name)
		}
	}
}

// distinct finds messages of one place that a reader cannot tell apart.
func (l *linter) distinct(at string, messages map[string]*Message) {
	keys := sortedKeys(messages)
	for i, a := range keys {
		for _, b := range keys[i+1:] {
			_, x := l.doc.follow(a, messages[a])
			_, y := l.doc.follow(b, messages[b])
			if x != nil && y != nil && !l.disjoint(x, y) {
				l.errorf(at, "distinct", "wanted messages that no value belongs to at once, got %q and %q", a, b)
			}
		}
	}
}

func (l *linter) disjoint(a, b *Message) bool {
	if a.ContentType != b.ContentType && a.ContentType != "" && b.ContentType != "" {
		return true
	}
	if l.apart(a.Headers, b.Headers, 0) {
		return true
	}
	return a.Payload != nil && b.Payload != nil && l.apart(a.Payload.Schema, b.Payload.Schema, 0)
}

// apart reports whether it is certain that no value fits both schemas.
func (l *linter) apart(a, b *Schema, depth int) bool {
	a, b = l.resolved(a), l.resolved(b)
	if a == nil || b == nil || depth > 6 {
		return false
	}
	if refuses(a) || refuses(b) {
		return true
	}
	for _, pair := range [][2]*Schema{{a, b}, {b, a}} {
		if alternatives := append(slices.Clone(pair[0].AnyOf), pair[0].OneOf...); len(alternatives) > 0 {
			if !slices.ContainsFunc(alternatives, func(s *Schema) bool { return !l.apart(s, pair[1], depth+1) }) {
				return true
			}
		}
		if not := l.resolved(pair[0].Not); not != nil && onlyTypes(not) && within(pair[1].Type, not.Type) {
			return true
		}
		for _, s := range pair[0].AllOf {
			if l.apart(s, pair[1], depth+1) {
				return true
			}
		}
	}
	if len(a.Type) > 0 && len(b.Type) > 0 && !overlap(a.Type, b.Type) {
		return true
	}
	if a.Const != nil && b.Const != nil && string(a.Const) != string(b.Const) {
		return true
	}
	return l.apartByProperty(a, b, depth)
}

// apartByProperty finds a property that one must have and the other cannot.
func (l *linter) apartByProperty(a, b *Schema, depth int) bool {
	if !slices.Equal(a.Type, Types{"object"}) || !slices.Equal(b.Type, Types{"object"}) {
		return false
	}
	for _, name := range append(slices.Clone(a.Required), b.Required...) {
		x, y := a.Properties.Get(name), b.Properties.Get(name)
		if x != nil && y != nil && l.apart(x, y, depth+1) {
			return true
		}
	}
	return false
}

func (l *linter) resolved(s *Schema) *Schema {
	for i := 0; s != nil && s.Ref != "" && i < 8; i++ {
		s = l.doc.Schema(s.Ref)
	}
	return s
}

// refuses reports whether a schema takes nothing.
func refuses(s *Schema) bool { return s.Bool != nil && !*s.Bool }

// onlyTypes reports whether a schema says nothing but its types.
func onlyTypes(s *Schema) bool {
	c := *s
	c.Type = nil
	return len(s.Type) > 0 && c.isAny()
}

// within reports whether all of some types, at least one, are among others.
func within(some, others Types) bool {
	for _, t := range some {
		if !others.Has(t) {
			return false
		}
	}
	return len(some) > 0
}

func overlap(a, b Types) bool {
	for _, t := range a {
		if b.Has(t) || t == "integer" && b.Has("number") || t == "number" && b.Has("integer") {
			return true
		}
	}
	return false
}
