package transport

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Settled is a [Confirmation] whose outcome is already known. The zero value
// is a stored message.
type Settled struct {
	// Outcome is what Err returns.
	Outcome error
}

// Done returns a closed channel.
func (Settled) Done() <-chan struct{} { return closed }

// Err returns the outcome.
func (s Settled) Err() error { return s.Outcome }
