package serialization

import "errors"

// ErrTooLarge says that decoded data is over the reader's limit.
var ErrTooLarge = errors.New("decoded data is over the limit")

// Encoding compresses message bodies and reads compressed ones back.
//
// An encoding is used by many goroutines at once. It never keeps or changes
// data, and what it returns belongs to the caller. Decode must not panic on
// any input, and neither its work nor its memory may follow the size that the
// input claims or would unpack to beyond limit.
type Encoding interface {
	// Name is the content encoding that messages carry, in lower case. Further
	// names that Decode understands are told by [Aliased].
	Name() string
	// Encode returns the compressed form of data.
	Encode(data []byte) ([]byte, error)
	// Decode returns what data holds, at most limit bytes: more is
	// [ErrTooLarge], and anything malformed or cut off is an [*Error]. It
	// unpacks once; what it finds inside is not looked at.
	Decode(data []byte, limit int) ([]byte, error)
}
