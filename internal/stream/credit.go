package stream

// Allowance is the account of a sender. It is not safe for concurrent use.
type Allowance struct {
	// Unlimited says that the reader grants nothing and takes everything.
	Unlimited bool

	granted Window
	bytes   bool
	sent    Window
}

// NewAllowance returns the account of a sender to somebody who asked with f.
func NewAllowance(f *Frame) *Allowance {
	a := &Allowance{Unlimited: f.Credit < 0}
	a.Raise(f)
	return a
}

// Raise takes a grant; one that is lower than an earlier one changes nothing.
func (a *Allowance) Raise(f *Frame) (raised bool) {
	before := a.granted
	a.granted.Items = max(before.Items, f.Credit)
	if f.CreditBytes >= 0 {
		a.bytes = true
		a.granted.Bytes = max(before.Bytes, f.CreditBytes)
	}
	return a.granted != before
}

// Sent is what was sent.
func (a *Allowance) Sent() Window { return a.sent }

// Next reports whether an item may be sent now.
func (a *Allowance) Next() bool {
	if a.Unlimited {
		return true
	}
	return a.sent.Items < a.granted.Items && (!a.bytes || a.sent.Bytes < a.granted.Bytes)
}

// Send counts an item of size bytes and returns its number.
func (a *Allowance) Send(size int) int64 {
	a.sent.Items++
	a.sent.Bytes += int64(size)
	return a.sent.Items
}
