package serialization

import "reflect"

// Codec turns values into bytes and back for one content type.
//
// A codec is used by many goroutines at once. It never keeps data or v after
// it returned, and the bytes that Encode returns belong to the caller. It must
// not panic on any input, and the work it does is bounded by the input's size.
type Codec interface {
	// ContentType is the media type, in lower case and without parameters. It
	// is what messages carry and what they are looked up by.
	ContentType() string
	// Encode returns the encoded form of v, which is never nil.
	Encode(v any) ([]byte, error)
	// Decode reads data into v, a non-nil pointer. It never chooses a Go type
	// from what data says.
	Decode(data []byte, v any) error
}

// Selective is implemented by a codec that takes only some types, and takes
// those before the default codec does.
type Selective interface {
	// Handles reports whether values of type t are encoded with this codec.
	Handles(t reflect.Type) bool
}

// Aliased is implemented by a codec whose format travels under several names.
type Aliased interface {
	// Aliases are further content types that Decode understands, in lower case
	// and without parameters.
	Aliases() []string
}

// Nullable is implemented by a codec whose format has a value for "nothing".
type Nullable interface {
	// Null reports whether data is that value and nothing else.
	Null(data []byte) bool
}
