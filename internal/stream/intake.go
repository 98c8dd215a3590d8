package stream

import "errors"

// Faults of a stream as its reader sees them.
var (
	// ErrGap: an item is missing, repeated or out of order.
	ErrGap = errors.New("items are missing")
	// ErrCut: the end came before all items that it counts.
	ErrCut = errors.New("the end came early")
	// ErrOverflow: more was sent than was granted.
	ErrOverflow = errors.New("more was sent than was asked for")
)

// Verdict says what a frame is to its reader.
type Verdict uint8

const (
	// Stray frames concern a run that is over, or nothing at all.
	Stray Verdict = iota
	// Alive frames are signs of life.
	Alive
	// Next is the next item.
	Next
	// Done ends the stream, with all items received.
	Done
	// Failed ends it with the sender's error.
	Failed
	// Restarted says that another run of the handler has begun.
	Restarted
)

// Intake is the account of a reader. It is not safe for concurrent use.
type Intake struct {
	// Run is the run that is being read, empty until the first frame.
	Run string

	window, most Window
	budget       *Budget
	reserved     int64
	// limit is the highest number that is ever granted, 0 for none.
	limit int64

	received, granted, taken Window
}

// NewIntake returns the account of a reader that lets at most items be ahead of
// it, and wants at most limit of them where that is not 0.
func NewIntake(items, limit int64, budget *Budget) *Intake {
	items = min(max(items, 1), MostItems)
	i := &Intake{most: Window{items, MostBytes}, limit: limit, budget: budget}
	i.begin()
	return i
}

// begin grants the first window.
func (i *Intake) begin() {
	i.window = Window{min(FirstItems, i.most.Items), FirstBytes}
	i.received, i.taken, i.granted = Window{}, Window{}, Window{}
	i.grant()
}

// Restart begins anew with another run, which was granted what the request
// granted.
func (i *Intake) Restart(run string) {
	i.Release()
	i.begin()
	i.Run = run
}

// Granted is what the sender may send.
func (i *Intake) Granted() Window { return i.granted }

// Received is what has arrived, Taken what the reader has used of it.
func (i *Intake) Received() Window { return i.received }

// Taken is what the reader has used.
func (i *Intake) Taken() Window { return i.taken }

// Accept looks at a frame whose body has size bytes. Errors are [ErrGap],
// [ErrCut] and [ErrOverflow].
func (i *Intake) Accept(f *Frame, size int) (Verdict, error) {
	if i.Run == "" {
		i.Run = f.Run
	}
	if f.Run != i.Run {
		if f.Kind == Open {
			return Restarted, nil
		}
		return Stray, nil
	}
	switch f.Kind {
	case Item:
		return i.item(f.Seq, int64(size))
	case Beat:
		if f.Seq > i.received.Items {
			return Alive, ErrGap
		}
		return Alive, nil
	case End:
		return Done, i.end(f.Seq)
	case Error:
		return Failed, nil
	case Open, Credit:
		return Alive, nil
	default:
		return Stray, nil
	}
}

func (i *Intake) item(seq, size int64) (Verdict, error) {
	switch {
	case seq != i.received.Items+1:
		return Next, ErrGap
	case seq > i.granted.Items || i.received.Bytes >= i.granted.Bytes:
		return Next, ErrOverflow
	}
	i.received.Items = seq
	i.received.Bytes += size
	return Next, nil
}

func (i *Intake) end(seq int64) error {
	switch {
	case seq == i.received.Items+1:
		return nil
	case seq > i.received.Items:
		return ErrCut
	default:
		return ErrGap
	}
}

// Take counts an item of size bytes as used. It reports whether the grant has
// grown and is worth telling: when half of it is used up.
func (i *Intake) Take(size int) bool {
	i.taken.Items++
	i.taken.Bytes += int64(size)
	if i.granted.Items-i.taken.Items > i.window.Items/2 && i.granted.Bytes-i.taken.Bytes > i.window.Bytes/2 {
		return false
	}
	i.grow()
	return i.grant()
}

func (i *Intake) grow() {
	i.window.Items = min(2*i.window.Items, i.most.Items)
	if i.window.Bytes < i.most.Bytes && i.budget.reserve(i.window.Bytes) {
		i.reserved += i.window.Bytes
		i.window.Bytes *= 2
	}
}

func (i *Intake) grant() bool {
	before := i.granted
	i.granted.Items = max(before.Items, i.taken.Items+i.window.Items)
	i.granted.Bytes = max(before.Bytes, i.taken.Bytes+i.window.Bytes)
	if i.limit > 0 {
		i.granted.Items = min(i.granted.Items, i.limit)
	}
	return i.granted != before
}

// Release gives back what was taken from the budget.
func (i *Intake) Release() {
	i.budget.used.Add(-i.reserved)
	i.reserved = 0
}
