package rabbitmq

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parley-go/parley/transport"
)

const (
	// maxProperties bounds what comes behind the header table: a byte twice,
	// a time, and nine texts with their lengths.
	maxProperties = 2 + 8 + 9*(1+maxShort)
	// maxMark bounds the header that says what was removed.
	maxMark = 512
	// maxKeptBytes and maxKeptFields bound the headers that are kept.
	maxKeptBytes  = 64 << 10
	maxKeptFields = 1024
	// maxNamed bounds the name of a header in the text about it.
	maxNamed = 64
)

// errContent is a content header that no broker sends.
var errContent = errors.New("rabbitmq: malformed content header")

// rewriter reads a content header whose table the client library refuses and
// makes one that it takes: without the fields that it refuses and those that are
// too many or too large, and with [transport.HeaderRemoved]. It holds no more
// than it keeps, however large the frame is.
type rewriter struct {
	in *bufio.Reader
	// left is what is still to be read of the payload.
	left int64
	out  []byte

	// own is what may be kept of headers that brokers and parley read, other of
	// all others.
	own, other allowance
	fields     int
	removed    int
	// last is the name of the last header that was removed.
	last string
	// cause is why the client library refuses the frame.
	cause fault
}

// allowance is how much may still be kept.
type allowance struct{ bytes, fields int }

// run makes a frame with a payload of at most largest bytes.
func (w *rewriter) run(largest int) error {
	// The frame's head, the fixed part and up to two texts.
	if err := w.keep(frameHead, false); err != nil {
		return err
	}
	if err := w.beforeTable(); err != nil {
		return err
	}
	if err := w.keep(4, true); err != nil {
		return err
	}
	begin := len(w.out)
	length := int64(binary.BigEndian.Uint32(w.out[begin-4:]))
	if length > w.left {
		return errContent
	}
	room := min(largest-(begin-frameHead)-maxProperties-maxMark, maxKeptBytes)
	w.own = allowance{room / 4, maxKeptFields / 4}
	w.other = allowance{room - room/4, maxKeptFields}
	if err := w.table(length); err != nil {
		return err
	}
	w.mark()
	binary.BigEndian.PutUint32(w.out[begin-4:], uint32(len(w.out)-begin)) //nolint:gosec // bounded by room
	if err := w.afterTable(); err != nil {
		return err
	}
	binary.BigEndian.PutUint32(w.out[3:], uint32(len(w.out)-frameHead)) //nolint:gosec // bounded by room
	return w.keep(frameEnd, false)
}

func (w *rewriter) beforeTable() error {
	if err := w.keep(contentFixed, true); err != nil {
		return err
	}
	flags := binary.BigEndian.Uint16(w.out[len(w.out)-2:])
	if flags&flagHeaders == 0 {
		return errContent
	}
	for _, flag := range [...]uint16{flagContentType, flagContentEncoding} {
		if flags&flag == 0 {
			continue
		}
		if err := w.keep(1, true); err != nil {
			return err
		}
		if err := w.keep(int64(w.out[len(w.out)-1]), true); err != nil {
			return err
		}
	}
	return nil
}

// afterTable keeps the other properties; what some peers put behind them goes.
func (w *rewriter) afterTable() error {
	if err := w.keep(min(w.left, maxProperties), true); err != nil {
		return err
	}
	return w.drop(w.left)
}

// table reads the fields of the table, which has length bytes.
func (w *rewriter) table(length int64) error {
	after := w.left - length
	for w.left > after {
		w.fields++
		begin := len(w.out)
		name, f, err := w.field(after)
		if err != nil {
			return err
		}
		if f != noFault {
			w.out = w.out[:begin]
			w.removed++
			w.last = name
		}
	}
	return nil
}

// field reads one field of a table that ends when after bytes are left, and
// keeps it where it has no fault. Where nobody can know its end, it reads all
// that is left of the table.
func (w *rewriter) field(after int64) (name string, f fault, err error) {
	begin := len(w.out)
	if err := w.keep(1, true); err != nil {
		return "", noFault, err
	}
	n := int64(w.out[begin])
	if w.left-after <= n {
		return "", malformed, w.drop(w.left - after)
	}
	if err := w.keep(n+1, true); err != nil {
		return "", noFault, err
	}
	typ := len(w.out) - 1
	name = string(w.out[begin+1 : typ])
	size, f, err := w.size(w.out[typ], after)
	switch {
	case err != nil:
		return name, noFault, err
	case f != noFault:
		return name, f, w.drop(w.left - after)
	case !w.allow(name, int64(len(w.out)-begin)+size):
		return name, tooLarge, w.drop(size)
	}
	f, err = w.value(w.out[typ], size)
	return name, f, err
}

// size reads how long the value is that follows.
func (w *rewriter) size(typ byte, after int64) (size int64, f fault, err error) {
	size = int64(fieldSizes[typ])
	switch {
	case size == sizeUnknown:
		return 0, unknownType, nil
	case size < 0 && w.left-after < 4:
		return 0, malformed, nil
	case size < 0:
		if err := w.keep(4, true); err != nil {
			return 0, noFault, err
		}
		size = int64(binary.BigEndian.Uint32(w.out[len(w.out)-4:]))
	}
	if size > w.left-after {
		return 0, malformed, nil
	}
	return size, noFault, nil
}

func (w *rewriter) value(typ byte, size int64) (fault, error) {
	begin := len(w.out)
	if err := w.keep(size, true); err != nil {
		return noFault, err
	}
	if typ == longUint {
		w.out[begin-1] = longInt
	}
	if fieldSizes[typ] != sizeContainer {
		return noFault, nil
	}
	return checkFields(w.out[begin:], typ == 'F', 1), nil
}

// allow takes size bytes from what may be kept.
func (w *rewriter) allow(name string, size int64) bool {
	a := &w.other
	if strings.HasPrefix(name, "parley-") || strings.HasPrefix(name, "x-") {
		a = &w.own
	}
	if a.fields == 0 || int64(a.bytes) < size {
		return false
	}
	a.fields--
	a.bytes -= int(size)
	return true
}

// mark appends the header that says what is missing. It comes last: of two
// headers of one name the last one counts.
func (w *rewriter) mark() {
	text := fmt.Sprintf("%d of %d headers", w.removed, w.fields)
	if w.removed == 1 {
		text += fmt.Sprintf(" (%q)", w.last[:min(len(w.last), maxNamed)])
	}
	text += ": " + w.cause.String()
	w.out = append(w.out, byte(len(transport.HeaderRemoved)))
	w.out = append(w.out, transport.HeaderRemoved...)
	w.out = append(w.out, 'S')
	w.out = binary.BigEndian.AppendUint32(w.out, uint32(len(text))) //nolint:gosec // far below
	w.out = append(w.out, text...)
}

// keep reads n bytes and writes them; payload says that they are part of it.
func (w *rewriter) keep(n int64, payload bool) error {
	if payload {
		if n > w.left {
			return errContent
		}
		w.left -= n
	}
	begin := len(w.out)
	w.out = append(w.out, make([]byte, n)...)
	_, err := io.ReadFull(w.in, w.out[begin:])
	return err
}

// drop reads n bytes of the payload.
func (w *rewriter) drop(n int64) error {
	w.left -= n
	_, err := io.CopyN(io.Discard, w.in, n)
	return err
}
