package serialization

import (
	"fmt"
	"strings"
)

// Error says what is wrong with encoded data. Its text names neither Go types
// nor the values found, so it may be shown to whoever sent the data.
type Error struct {
	// Path leads to the value inside the data, such as "items[1].qty"; empty
	// when the whole is meant. At most 256 bytes.
	Path string
	// Wanted describes what the reader's type takes, such as "integer".
	Wanted string
	// Got describes what was found, such as "string".
	Got string
	// Offset counts the bytes before the fault, 0 when it is not known.
	Offset int64
	// Err is the cause. Its text may contain values and types: it is for the
	// reader's own log.
	Err error
}

// Error returns path, wanted and got in one line.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason()
	}
	return e.Path + ": " + e.Reason()
}

// Reason is the text of Error without the path.
func (e *Error) Reason() string {
	var b strings.Builder
	b.WriteString("wanted ")
	b.WriteString(e.Wanted)
	if e.Got != "" {
		b.WriteString(", got ")
		b.WriteString(e.Got)
	}
	if e.Offset > 0 {
		fmt.Fprintf(&b, " at byte %d", e.Offset)
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
