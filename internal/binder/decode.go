package binder

import (
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport"
)

// decoder is what a wire knows about reading values of one type.
type decoder struct {
	codecs *serialization.Registry
	goType reflect.Type
	// base is goType without its pointers, depth their number.
	base  reflect.Type
	depth int
	shape shape
	// codec reads messages without a content type.
	codec serialization.Codec
	// exclusive says that no other codec may read base.
	exclusive bool
	enum      *enumCheck
}

func (w *Wire) newDecoder(t reflect.Type) *decoder {
	d := &decoder{codecs: w.codecs, goType: t, enum: enumCheckOf(t)}
	d.base, d.depth = pointee(t)
	d.shape = shapeOf(d.base)
	d.codec = w.codecs.For(d.base)
	if s, ok := d.codec.(serialization.Selective); ok && s.Handles(d.base) {
		d.exclusive, d.shape = true, structured
	}
	return d
}

// decode reads m into dst, a pointer to goType.
func (d *decoder) decode(m *transport.Message, dst any) error {
	if d.shape == wholeMessage {
		return d.message(m, dst)
	}
	if len(m.Body) == 0 && m.ContentType == "" {
		return d.empty(dst)
	}
	codec, err := d.codecFor(m.ContentType)
	if err != nil {
		return err
	}
	if n, ok := codec.(serialization.Nullable); ok && d.shape != rawBytes && n.Null(m.Body) {
		return d.empty(dst)
	}
	target, commit := d.target(dst)
	if err := d.value(m, codec, target); err != nil {
		return inputError("body", err)
	}
	if d.enum != nil {
		if err := d.enum.check(reflect.ValueOf(target).Elem()); err != nil {
			return inputError("body", err)
		}
	}
	if commit.IsValid() {
		reflect.ValueOf(dst).Elem().Set(commit)
	}
	return nil
}

func (d *decoder) message(m *transport.Message, dst any) error {
	if p, ok := dst.(*transport.Message); ok {
		*p = *m
		return nil
	}
	target, commit := d.target(dst)
	*target.(*transport.Message) = *m
	reflect.ValueOf(dst).Elem().Set(commit)
	return nil
}

// empty sets what can be nil to nil.
func (d *decoder) empty(dst any) error {
	if !nilable(d.goType) {
		return ErrEmpty
	}
	reflect.ValueOf(dst).Elem().SetZero()
	return nil
}

// target returns a pointer to base to decode into and, when goType is a
// pointer itself, the value that dst gets afterwards.
func (d *decoder) target(dst any) (any, reflect.Value) {
	if d.depth == 0 {
		return dst, reflect.Value{}
	}
	p := reflect.New(d.base)
	target := p.Interface()
	for range d.depth - 1 {
		outer := reflect.New(p.Type())
		outer.Elem().Set(p)
		p = outer
	}
	return target, p
}

// codecFor returns the codec of a received content type, nil when the shape
// needs none.
func (d *decoder) codecFor(contentType string) (serialization.Codec, error) {
	if d.shape == rawBytes {
		return nil, nil
	}
	if contentType == "" {
		return d.codec, nil
	}
	c, ok := d.codecs.Lookup(contentType)
	if !ok {
		return nil, &InputError{Part: "body", Reason: "wanted a known content type, got " + quoted(contentType)}
	}
	if d.exclusive && c.ContentType() != d.codec.ContentType() {
		return nil, &InputError{
			Part:   "body",
			Reason: "wanted " + d.codec.ContentType() + ", got " + quoted(contentType),
		}
	}
	return c, nil
}

// quoted makes text of a message fit for an error.
func quoted(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most]
	}
	return fmt.Sprintf("%+q", s)
}

// value decodes a body that is there into target, a pointer to base.
func (d *decoder) value(m *transport.Message, codec serialization.Codec, target any) error {
	switch {
	case d.shape == rawBytes:
		setBytes(target, m.Body)
		return nil
	case d.shape == rawText && rawString(m.ContentType):
		return setString(target, m.Body)
	case d.shape == dynamic && m.ContentType == "":
		return d.guess(m.Body, target)
	default:
		return codec.Decode(m.Body, target)
	}
}

// rawString reports whether a body of that content type is text as it is,
// without asking a codec.
func rawString(contentType string) bool {
	return contentType == "" || contentType == textPlain
}

func setBytes(target any, body []byte) {
	if body == nil {
		body = []byte{}
	}
	if p, ok := target.(*[]byte); ok {
		*p = body
		return
	}
	reflect.ValueOf(target).Elem().SetBytes(body)
}

func setString(target any, body []byte) error {
	if !utf8.Valid(body) {
		return &serialization.Error{Wanted: "UTF-8 text", Got: "other bytes"}
	}
	if p, ok := target.(*string); ok {
		*p = string(body)
		return nil
	}
	reflect.ValueOf(target).Elem().SetString(string(body))
	return nil
}

// guess reads a body without a content type into an any: JSON if it is JSON,
// else bytes.
func (d *decoder) guess(body []byte, target any) error {
	if d.codec.Decode(body, target) != nil {
		reflect.ValueOf(target).Elem().Set(reflect.ValueOf(body))
	}
	return nil
}
