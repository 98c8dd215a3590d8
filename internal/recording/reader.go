package recording

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Read reads line after line to the end, or to the first error, which names its
// line. It holds one line in memory at a time.
func Read(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		lines := bufio.NewReader(r)
		for number := 1; ; number++ {
			text, err := lines.ReadBytes('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Entry{}, fmt.Errorf("recording: line %d: %w", number, err))
				return
			}
			if len(bytes.TrimSpace(text)) > 0 {
				e, wrong := Parse(text)
				if wrong != nil {
					yield(Entry{}, fmt.Errorf("recording: line %d: %w", number, wrong))
					return
				}
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}
