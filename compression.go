package parley

import (
	"errors"
	"fmt"
	"strings"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport/topology"
)

// decompression are the content encodings that a subscriber reads. It does not
// change once it is made. The zero value reads none and ignores all.
type decompression struct {
	byName  map[string]serialization.Encoding
	invalid bool
}

func (d decompression) add(e serialization.Encoding) {
	d.byName[e.Name()] = e
	if a, ok := e.(serialization.Aliased); ok {
		for _, name := range a.Aliases() {
			d.byName[name] = e
		}
	}
}

// check returns why the option cannot be used.
func (d decompression) check() error {
	if !d.invalid {
		return nil
	}
	return &topology.Error{Wanted: "content encodings", Got: "nil", Hint: "parley.Decompress(gzip.Encoding())"}
}

// unpack returns m with its body unpacked to limit bytes at most: m itself when
// there is nothing to unpack.
func (d decompression) unpack(m *Message, limit int) (*Message, error) {
	if m.ContentEncoding == "" || len(d.byName) == 0 {
		return m, nil
	}
	e, err := d.find(m.ContentEncoding)
	if err != nil || e == nil || len(m.Body) == 0 {
		return m, err
	}
	body, err := e.Decode(m.Body, limit)
	if err != nil {
		return nil, unpackError(err, limit)
	}
	plain := *m
	plain.Body, plain.ContentEncoding = body, ""
	return &plain, nil
}

// find returns the one encoding that a list of them names, nil when none of
// its entries is an encoding. A second level of packing is not unpacked.
func (d decompression) find(list string) (found serialization.Encoding, err error) {
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if unpacked(name) {
			continue
		}
		e, known := d.byName[name]
		switch {
		case !known:
			return nil, &binder.InputError{Part: "body", Reason: "wanted a known content encoding, got " + quoted(cut(name, maxQuoted))}
		case found != nil:
			return nil, &binder.InputError{Part: "body", Reason: "wanted one content encoding, got several"}
		}
		found = e
	}
	return found, nil
}

// maxQuoted bounds what a text quotes of a message, in bytes.
const maxQuoted = 64

// unpacked reports names that say that a body is not packed. Some peers fill
// the property with a character set always: Celery and kombu with utf-8,
// us-ascii or binary, Spring AMQP with UTF-8, also behind gzip.
func unpacked(name string) bool {
	switch name {
	case "", "identity", "utf-8", "utf8", "us-ascii", "binary":
		return true
	}
	return false
}

func unpackError(err error, limit int) error {
	if errors.Is(err, serialization.ErrTooLarge) {
		return &binder.InputError{Part: "body", Reason: fmt.Sprintf("unpacked it is over the limit of %d bytes", limit), Err: err}
	}
	if e, ok := errors.AsType[*serialization.Error](err); ok {
		return &binder.InputError{Part: "body", Reason: e.Reason(), Err: err}
	}
	return &binder.InputError{Part: "body", Reason: "cannot be unpacked", Err: err}
}

// plain returns m as handlers read it.
func (s *subscriberSettings) plain(m *Message) (*Message, error) {
	return s.decompression.unpack(m, s.maxBody)
}

// returned is a handler's result. A handler that returns its own input returns
// the body, and not what the sender wrote around it.
func returned(out, in, m *Message) *Message {
	if out == nil || out != in || in == m {
		return out
	}
	return &Message{Body: in.Body, ContentType: in.ContentType}
}

// pack compresses the body of m, which the caller owns, where it pays.
func (s *sendSettings) pack(m *Message) error {
	if s.compression == nil || m.ContentEncoding != "" || len(m.Body) < CompressFrom {
		return nil
	}
	body, err := s.compression.Encode(m.Body)
	if err != nil {
		return fmt.Errorf("content encoding %s: %w", s.compression.Name(), err)
	}
	if len(body) < len(m.Body) {
		m.Body, m.ContentEncoding = body, s.compression.Name()
	}
	return nil
}
