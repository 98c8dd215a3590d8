package stream

import (
	"fmt"
	"math"
	"time"

	"github.com/parley-go/parley/transport"
)

// Headers of frames.
const (
	HeaderFrame       = "parley-stream-frame"
	HeaderSeq         = "parley-stream-seq"
	HeaderCredit      = "parley-stream-credit"       //nolint:gosec // a window, no credential
	HeaderCreditBytes = "parley-stream-credit-bytes" //nolint:gosec // as above
	HeaderRun         = "parley-stream-run"
	HeaderBeat        = "parley-stream-beat"
)

// Kind is what a frame is.
type Kind string

// The kinds of frames.
const (
	Request Kind = "request"
	Open    Kind = "open"
	Item    Kind = "item"
	Credit  Kind = "credit"
	Beat    Kind = "beat"
	End     Kind = "end"
	Error   Kind = "error"
	Cancel  Kind = "cancel"
)

// Frame is what the headers of a frame say. Numbers are -1 when absent.
type Frame struct {
	// Kind is empty for a message that is no frame; it may be one that this
	// package does not know.
	Kind Kind
	// Seq numbers items from 1. End and error have the last one's number + 1, a
	// beat the last one's.
	Seq int64
	// Credit is the highest number that may be sent, CreditBytes the sum of
	// bytes below which the next item may start. They never fall.
	Credit, CreditBytes int64
	// Run is an id of one run of the handler, at most 255 bytes.
	Run string
	// Beat is the interval in which the sender gives a sign of life, 0 for none.
	Beat time.Duration
}

// Of returns a frame without numbers.
func Of(k Kind) Frame { return Frame{Kind: k, Seq: -1, Credit: -1, CreditBytes: -1} }

const (
	// most bounds every number on the wire.
	most = math.MaxInt64 / 2
	// maxRun bounds the id of a run, in bytes.
	maxRun = 255
)

// Parse reads the headers of a message, which come from anybody: numbers may
// have any width and may be floats, as clients in other languages send them.
func Parse(h transport.Headers) (Frame, error) {
	f := Frame{Kind: Kind(text(h[HeaderFrame])), Run: text(h[HeaderRun])}
	if v, ok := h[HeaderFrame]; ok && f.Kind == "" {
		return f, fmt.Errorf("header %s: wanted a text, got %T", HeaderFrame, v)
	}
	if len(f.Run) > maxRun {
		return f, fmt.Errorf("header %s: wanted at most %d bytes, got %d", HeaderRun, maxRun, len(f.Run))
	}
	var err error
	if f.Seq, err = number(h, HeaderSeq, most); err != nil {
		return f, err
	}
	if f.Credit, err = number(h, HeaderCredit, most); err != nil {
		return f, err
	}
	if f.CreditBytes, err = number(h, HeaderCreditBytes, most); err != nil {
		return f, err
	}
	ms, err := number(h, HeaderBeat, math.MaxInt64/int64(time.Millisecond))
	f.Beat = time.Duration(max(ms, 0)) * time.Millisecond
	return f, err
}

// Write sets the headers of f on m.
func (f *Frame) Write(m *transport.Message) {
	if m.Headers == nil {
		m.Headers = make(transport.Headers, 4)
	}
	h := m.Headers
	h[HeaderFrame] = string(f.Kind)
	if f.Seq >= 0 {
		h[HeaderSeq] = f.Seq
	}
	if f.Credit >= 0 {
		h[HeaderCredit] = f.Credit
	}
	if f.CreditBytes >= 0 {
		h[HeaderCreditBytes] = f.CreditBytes
	}
	if f.Run != "" {
		h[HeaderRun] = f.Run
	}
	if f.Beat > 0 {
		h[HeaderBeat] = f.Beat.Milliseconds()
	}
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	default:
		return ""
	}
}

func number(h transport.Headers, name string, most int64) (int64, error) {
	v, ok := h[name]
	if !ok {
		return -1, nil
	}
	n, ok := transport.Count(v, most)
	if !ok {
		return -1, fmt.Errorf("header %s: wanted a whole number, 0 or more, got %T", name, v)
	}
	return n, nil
}
