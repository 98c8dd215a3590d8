package parley

import (
	"fmt"
)

// Encode returns v as the app would publish it: with the app's codecs, without
// the properties that sending adds. A *[Message] is returned as it is. It needs
// no run and may be called concurrently.
func (a *App) Encode(v any) (*Message, error) {
	m, err := a.wire.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("parley: encode %T: %w", v, err)
	}
	return m, nil
}

// Decode reads the body of m into what into points to, as a handler of the app
// would: by content type, with the app's codecs, unpacked by the encodings of a
// [Decompress] that was given to [New]. Nothing is validated. An empty body is
// nil where the value can be nil, else the error is [ErrNoValue]. m stays as it
// is. It needs no run and may be called concurrently.
func (a *App) Decode(m *Message, into any) error {
	plain, err := a.settings.subscriber.plain(m)
	if err == nil {
		err = a.wire.Decode(plain, into)
	}
	if err != nil {
		return fmt.Errorf("parley: decode into %T: %w", into, unreadable(err))
	}
	return nil
}
