// Package zstd is the content encoding zstd, RFC 8878.
package zstd

import (
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-go/parley/serialization"
)

// Name is what encoded messages carry.
const Name = "zstd"

// MinWindow is the window in bytes that is accepted whatever the limit is: the
// format asks every decoder for that much. A decoder never holds more than
// the larger of it and the limit (RFC 8878, section 3.1.1.1.2).
const MinWindow = 8 << 20

type encoding struct {
	encoder *zstd.Encoder
	// decoders are kept by the bytes that they may hold. That follows from
	// settings, not from messages, so there are few.
	decoders sync.Map
}

// Encoding returns the content encoding zstd.
func Encoding() serialization.Encoding {
	encoder, _ := zstd.NewWriter(nil) // fails on options only
	return &encoding{encoder: encoder}
}

func (*encoding) Name() string { return Name }

func (e *encoding) Encode(data []byte) ([]byte, error) {
	return e.encoder.EncodeAll(data, nil), nil
}

func (e *encoding) Decode(data []byte, limit int) ([]byte, error) {
	d, err := e.decoder(max(limit, MinWindow))
	if err != nil {
		return nil, fmt.Errorf("zstd: a decoder for at most %d bytes: %w", limit, err)
	}
	if large(data, limit) {
		return nil, serialization.ErrTooLarge
	}
	out, err := d.DecodeAll(data, nil)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded) || err == nil && len(out) > limit:
		return nil, serialization.ErrTooLarge
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, &serialization.Error{Wanted: "zstd with a smaller window", Got: fmt.Sprintf("one over %d bytes", max(limit, MinWindow)), Err: err}
	case err != nil:
		return nil, &serialization.Error{Wanted: "zstd", Got: "truncated or malformed zstd", Err: err}
	}
	return out, nil
}

// large reports whether data says itself that it unpacks to more than limit:
// then nothing is unpacked at all.
func large(data []byte, limit int) bool {
	var h zstd.Header
	return h.Decode(data) == nil && h.HasFCS && h.FrameContentSize > uint64(max(limit, 0))
}

// decoder returns the decoder that holds at most that many bytes.
func (e *encoding) decoder(bytes int) (*zstd.Decoder, error) {
	if kept, ok := e.decoders.Load(bytes); ok {
		d, _ := kept.(*zstd.Decoder)
		return d, nil
	}
	most := uint64(max(bytes, 0))
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(most),
		zstd.WithDecoderMaxWindow(min(most, zstd.MaxWindowSize)))
	if err != nil {
		return nil, err
	}
	kept, _ := e.decoders.LoadOrStore(bytes, d)
	d, _ = kept.(*zstd.Decoder)
	return d, nil
}
