package serialization

import (
	"reflect"
	"strings"
)

// Registry finds codecs. It does not change after [NewRegistry] and is safe
// for concurrent use.
type Registry struct {
	byContentType map[string]Codec
	selective     []Codec
	fallback      Codec
}

// NewRegistry returns a registry of [JSON], [Text], [Bytes] and codecs. Of two
// codecs with one content type the later one counts, so that an own JSON codec
// replaces the built-in one. A nil codec is left out.
func NewRegistry(codecs ...Codec) *Registry {
	r := &Registry{byContentType: make(map[string]Codec)}
	chosen := ""
	for _, c := range append([]Codec{Bytes(), Text(), JSON()}, codecs...) {
		if d, ok := c.(defaultCodec); ok {
			c = d.Codec
			if c != nil {
				chosen = c.ContentType()
			}
		}
		if c != nil {
			r.add(c)
		}
	}
	if chosen == "" {
		chosen = JSON().ContentType()
	}
	r.fallback = r.byContentType[chosen]
	return r
}

func (r *Registry) add(c Codec) {
	name := c.ContentType()
	kept := r.selective[:0]
	for _, s := range r.selective {
		if s.ContentType() != name {
			kept = append(kept, s)
		}
	}
	r.selective = kept
	r.byContentType[name] = c
	if _, ok := c.(Selective); ok {
		r.selective = append(r.selective, c)
	}
	if a, ok := c.(Aliased); ok {
		for _, alias := range a.Aliases() {
			r.byContentType[alias] = c
		}
	}
}

type defaultCodec struct{ Codec }

// Default makes c, given to [NewRegistry], the codec of every value that is
// neither text, bytes nor taken by a selective codec. Without it that is [JSON].
func Default(c Codec) Codec { return defaultCodec{c} }

// Lookup returns the codec of a received content type. Parameters and case do
// not matter, and a type that ends in "+json" is JSON. An absent content type
// has no codec.
func (r *Registry) Lookup(contentType string) (Codec, bool) {
	if contentType == "" {
		return nil, false
	}
	if c, ok := r.byContentType[contentType]; ok {
		return c, true
	}
	name, _, _ := strings.Cut(contentType, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	if c, ok := r.byContentType[name]; ok && name != "" {
		return c, true
	}
	if strings.HasSuffix(name, "+json") {
		return r.byContentType[JSON().ContentType()], true
	}
	return nil, false
}

// For returns the codec of values of type t: a selective codec that handles
// it, [Text] for strings, [Bytes] for byte slices, JSON for json.RawMessage,
// and otherwise the default codec, also for strings and byte slices that
// marshal themselves. Pointers count as what they point to.
func (r *Registry) For(t reflect.Type) Codec {
	for t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for _, c := range r.selective {
		if s, ok := c.(Selective); ok && s.Handles(t) {
			return c
		}
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == rawMessageType:
		return r.byContentType[JSON().ContentType()]
	case selfCoding(t):
		return r.fallback
	case t.Kind() == reflect.String:
		return r.byContentType[Text().ContentType()]
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return r.byContentType[Bytes().ContentType()]
	default:
		return r.fallback
	}
}
