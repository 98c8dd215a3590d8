package rabbitmq

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync/atomic"
)

const (
	// frameHead is type, channel and size; frameEnd one byte.
	frameHead = 7
	frameEnd  = 1
	// frameContent is the type of frames with a content header.
	frameContent = 2
)

// frames hands on what the broker sends, untouched but for content headers that
// the client library would answer by closing the connection: such a message
// would come again on the next one, for ever. Those get a header table that it
// takes, see [rewriter].
//
// It is read by one goroutine of the client library.
type frames struct {
	in *bufio.Reader
	// largest is the largest payload that the client library takes.
	largest atomic.Int64
	// left is how much of the current frame goes on as it is.
	left int64
	// made is what is left of a rewritten frame.
	made []byte
	// err ended the reading.
	err error
}

func newFrames(r io.Reader) *frames {
	// The buffer has room for any frame that the library takes.
	f := &frames{in: bufio.NewReaderSize(r, readBuffer)}
	f.negotiated(frameSize)
	return f
}

// negotiated tells the largest frame of the connection.
func (f *frames) negotiated(size int) {
	if size <= 0 || size > frameSize {
		size = frameSize
	}
	f.largest.Store(int64(size - frameHead - frameEnd))
}

// Read waits for the first bytes only.
func (f *frames) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	for f.err == nil && n < len(b) && (n == 0 || f.ready()) {
		var m int
		m, f.err = f.some(b[n:])
		n += m
	}
	if n > 0 {
		return n, nil
	}
	return 0, f.err
}

// ready reports whether some would not wait.
func (f *frames) ready() bool {
	buffered := f.in.Buffered()
	switch {
	case len(f.made) > 0:
		return true
	case f.left > 0:
		return buffered > 0
	case buffered < frameHead:
		return false
	}
	head, err := f.in.Peek(frameHead)
	return err == nil && (head[0] != frameContent || int64(buffered) >= frameLength(head))
}

// frameLength is the length of a whole frame.
func frameLength(head []byte) int64 {
	return frameHead + int64(binary.BigEndian.Uint32(head[3:])) + frameEnd
}

// some reads from one frame.
func (f *frames) some(b []byte) (int, error) {
	if f.left == 0 && len(f.made) == 0 {
		if err := f.begin(); err != nil {
			return 0, err
		}
	}
	if len(f.made) > 0 {
		n := copy(b, f.made)
		if f.made = f.made[n:]; len(f.made) == 0 {
			f.made = nil
		}
		return n, nil
	}
	n, err := f.in.Read(b[:min(int64(len(b)), f.left)])
	f.left -= int64(n)
	return n, err
}

// begin looks at the next frame.
func (f *frames) begin() error {
	head, err := f.in.Peek(frameHead)
	if err != nil {
		return err
	}
	f.left = frameLength(head)
	if head[0] != frameContent {
		return nil
	}
	largest := f.largest.Load()
	if f.left > frameHead+largest+frameEnd {
		return f.rewrite(largest, tooLarge)
	}
	frame, err := f.in.Peek(int(f.left))
	if err != nil {
		return err
	}
	table := headerTable(frame[frameHead : len(frame)-frameEnd])
	if found := checkFields(table, true, 0); found != noFault {
		return f.rewrite(largest, found)
	}
	return nil
}

// rewrite takes the next frame out of the stream and makes another one of it.
func (f *frames) rewrite(largest int64, cause fault) error {
	w := rewriter{in: f.in, left: f.left - frameHead - frameEnd, cause: cause}
	err := w.run(int(largest))
	f.left, f.made = 0, w.out
	return err
}
