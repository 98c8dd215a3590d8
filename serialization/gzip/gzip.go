// Package gzip is the content encoding gzip, RFC 1952.
package gzip

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/parley-go/parley/serialization"
)

// Name is what encoded messages carry.
const Name = "gzip"

// encoding keeps readers and writers, which are large: a writer takes about
// 800 KiB.
type encoding struct{ readers, writers sync.Pool }

// Encoding returns the content encoding gzip, which also reads x-gzip. It
// unpacks about a thousandfold at most, so a limit matters.
func Encoding() serialization.Encoding { return &encoding{} }

func (*encoding) Name() string { return Name }

func (*encoding) Aliases() []string { return []string{"x-gzip"} }

func (e *encoding) Encode(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, ok := e.writers.Get().(*gzip.Writer)
	if !ok {
		w = gzip.NewWriter(nil)
	}
	defer e.writers.Put(w)
	w.Reset(&out)
	if _, err := w.Write(data); err != nil {
		return nil, fmt.Errorf("gzip: encode: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("gzip: encode: %w", err)
	}
	return out.Bytes(), nil
}

func (e *encoding) Decode(data []byte, limit int) ([]byte, error) {
	r, ok := e.readers.Get().(*gzip.Reader)
	if !ok {
		r = new(gzip.Reader)
	}
	defer e.readers.Put(r)
	if err := r.Reset(bytes.NewReader(data)); err != nil {
		return nil, malformed(err)
	}
	// One byte more tells what is too large from what just fits.
	out, err := readUpTo(r, min(limit, math.MaxInt-1)+1, 4*len(data))
	if err != nil {
		return nil, malformed(err)
	}
	if len(out) > limit {
		return nil, serialization.ErrTooLarge
	}
	return out, nil
}

// readUpTo reads n bytes or less into a buffer that begins with the given size
// and is never larger than n.
func readUpTo(r io.Reader, n, size int) ([]byte, error) {
	out := make([]byte, 0, min(size, n))
	for len(out) < n {
		if len(out) == cap(out) {
			out = append(make([]byte, 0, min(2*cap(out), n)), out...)
		}
		read, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+read]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func malformed(err error) error {
	return &serialization.Error{Wanted: "gzip", Got: "truncated or malformed gzip", Err: err}
}
