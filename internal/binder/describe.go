package binder

import "reflect"

// Description is what a handler's signature says, for documents and listings.
type Description struct {
	// HasContext and HasError say whether the handler takes a context and
	// returns an error.
	HasContext, HasError bool
	// In is the type of the input parameter, nil without one.
	In reflect.Type
	// Body is the type that the body is decoded into: In itself, or the type of
	// the body field of an annotated input. It is nil when the body is not
	// read, or read only as a whole message.
	Body reflect.Type
	// Headers and Path are the annotated fields, in the order of declaration.
	Headers, Path []Field
	// Params are the types of the resolved parameters.
	Params []reflect.Type
	// Out is the type of the result, nil without one. For a response it is the
	// type of the value inside, and Enveloped is true.
	Out       reflect.Type
	Enveloped bool
	// Stream says that there are many results, each of type Out.
	Stream bool
	// Sequence says that the input is a sequence of items of type In.
	Sequence bool
	// Later says that the result, of type Out, comes after the handler has
	// returned; Out is nil where it has no value.
	Later bool
	// EncodesResult says that each result is encoded into a new message, as
	// opposed to one that the handler may have made itself.
	EncodesResult bool
}

// Field is a field of an annotated input.
type Field struct {
	// Name is the name of the header or path parameter.
	Name string
	// Type is the field's type without the pointer of an optional field.
	Type reflect.Type
	// Optional says that the part may be missing.
	Optional bool
}

func describe(s signature, p *Plan) Description {
	out := s.result()
	d := Description{
		HasContext: s.hasContext,
		HasError:   s.hasError,
		In:         s.in,
		Params:     s.params,
		Out:        out,
		Stream:     s.stream != nil,
		Sequence:   s.sequence != nil,
		Later:      s.later,
	}
	if a := p.annotated; a != nil {
		d.Headers, d.Path = fieldsOf(a.headers), fieldsOf(a.paths)
		if a.body != nil {
			d.Body = readType(a.body.decoder)
		}
	} else if p.decoder != nil {
		d.Body = readType(p.decoder)
	}
	if out != nil && out.Implements(envelopedType) {
		d.Enveloped = true
		base, _ := pointee(out)
		if value, ok := envelopeValue(base); ok {
			d.Out = value
		}
	}
	d.EncodesResult = p.encoder != nil && !d.Enveloped && out != reflect.PointerTo(messageType)
	return d
}

func readType(d *decoder) reflect.Type {
	if d.shape == wholeMessage {
		return nil
	}
	return d.goType
}

func fieldsOf(parts []partField) []Field {
	if len(parts) == 0 {
		return nil
	}
	fields := make([]Field, 0, len(parts))
	for _, p := range parts {
		f := Field{Name: p.name, Type: p.goType, Optional: p.optional}
		if p.optional {
			f.Type = p.goType.Elem()
		}
		fields = append(fields, f)
	}
	return fields
}
