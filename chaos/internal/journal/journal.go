// Package journal records what happens to each message in append-only files,
// one for each process, and merges them afterwards into sets.
package journal

import (
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Kind is what happened to a message.
type Kind byte

// The kinds, each a letter in the file.
const (
	// Attempted: a publish or call is about to begin.
	Attempted Kind = 'a'
	// OK: it returned nil, or a reply.
	OK Kind = 'o'
	// Failed: it returned a definite failure.
	Failed Kind = 'f'
	// Unknown: it returned that its outcome is unknown.
	Unknown Kind = 'u'
	// Handled: a handler ran to its end.
	Handled Kind = 'h'
	// Replied: a reply came, whether or not somebody still waited.
	Replied Kind = 'r'
)

// Writer appends to one file. Its methods may be called concurrently.
type Writer struct{ file *os.File }

// Create opens the file at path for appending. What is noted survives the
// death of the process, for each note is a write of its own.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return &Writer{f}, nil
}

// Note records that k happened to the message id; after Close it counts no
// more. A journal that cannot be written makes every verdict worthless: Note
// panics then.
func (w *Writer) Note(k Kind, id uint64) {
	line := make([]byte, 0, 24)
	line = append(line, byte(k), ' ')
	line = strconv.AppendUint(line, id, 10)
	line = append(line, '\n')
	if _, err := w.file.Write(line); err != nil && !errors.Is(err, os.ErrClosed) {
		panic(fmt.Sprintf("journal: %v", err))
	}
}

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }
