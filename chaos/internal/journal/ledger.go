package journal

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// suffix marks journals in their folder.
const suffix = ".journal"

// Path is where the journal called name lies in folder.
func Path(folder, name string) string { return filepath.Join(folder, name+suffix) }

// Ledger is the union of the journals in a folder. One goroutine may use it.
type Ledger struct {
	folder string
	// read is how far each file was read.
	read map[string]int64
	// counts of each kind of note.
	counts   map[Kind]int
	outcomes map[uint64]*Outcome
}

// Outcome is what is known of one message: how often each thing happened.
type Outcome struct {
	Attempted, OK, Failed, Unknown, Handled, Replied int
	// Place is where its first handling stands among all that were read, from 1
	// on; in the order of time as long as one journal has them all.
	Place int
}

// NewLedger reads the journals in folder, those too that are made later.
func NewLedger(folder string) *Ledger {
	return &Ledger{folder: folder, read: map[string]int64{}, counts: map[Kind]int{}, outcomes: map[uint64]*Outcome{}}
}

// Count is how many notes of kind k were read.
func (l *Ledger) Count(k Kind) int { return l.counts[k] }

// Of returns what is known of id; the zero value when nothing is.
func (l *Ledger) Of(id uint64) Outcome {
	if o := l.outcomes[id]; o != nil {
		return *o
	}
	return Outcome{}
}

// IDs returns every id that was noted, in order.
func (l *Ledger) IDs() []uint64 { return slices.Sorted(maps.Keys(l.outcomes)) }

// Missing counts the messages that are stored and not handled yet.
func (l *Ledger) Missing() (n int) {
	for _, o := range l.outcomes {
		if o.OK > 0 && o.Handled == 0 {
			n++
		}
	}
	return n
}

// Read takes in what was written since the last call.
func (l *Ledger) Read() error {
	files, err := filepath.Glob(filepath.Join(l.folder, "*"+suffix))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	for _, name := range files {
		if err := l.readFile(name); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) readFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.NewSectionReader(f, l.read[name], 1<<62))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	n, err := l.take(content)
	l.read[name] += int64(n)
	if err != nil {
		return fmt.Errorf("journal: %s: %w", filepath.Base(name), err)
	}
	return nil
}

// take reads whole lines and returns how many bytes they have.
func (l *Ledger) take(content []byte) (int, error) {
	taken := 0
	for {
		end := bytes.IndexByte(content[taken:], '\n')
		if end < 0 {
			return taken, nil
		}
		if err := l.line(content[taken : taken+end]); err != nil {
			return taken, err
		}
		taken += end + 1
	}
}

func (l *Ledger) line(text []byte) error {
	if len(text) < 3 || text[1] != ' ' {
		return fmt.Errorf("wanted a letter and a number, got %q", text)
	}
	id, err := strconv.ParseUint(string(text[2:]), 10, 64)
	if err != nil {
		return fmt.Errorf("wanted a number, got %q", text[2:])
	}
	o := l.outcomes[id]
	if o == nil {
		o = new(Outcome)
		l.outcomes[id] = o
	}
	field := o.field(Kind(text[0]))
	if field == nil {
		return fmt.Errorf("wanted a known letter, got %q", text[0])
	}
	*field++
	l.counts[Kind(text[0])]++
	if o.Handled == 1 && Kind(text[0]) == Handled {
		o.Place = l.counts[Handled]
	}
	return nil
}

func (o *Outcome) field(k Kind) *int {
	switch k {
	case Attempted:
		return &o.Attempted
	case OK:
		return &o.OK
	case Failed:
		return &o.Failed
	case Unknown:
		return &o.Unknown
	case Handled:
		return &o.Handled
	case Replied:
		return &o.Replied
	}
	return nil
}
