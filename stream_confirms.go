package parley

import (
	"errors"
	"time"

	"github.com/parley-go/parley/transport"
)

// resendPause is how long an item waits that a full queue refused.
const resendPause = 50 * time.Millisecond

// confirms are the outcomes of a stream's frames that are not known yet, oldest
// first. It is not safe for concurrent use.
type confirms struct {
	// resend says that refused frames are sent again, out of their order.
	resend bool

	flight []inFlight
	bytes  int
	// back are the refused ones.
	back []*transport.Publication
}

type inFlight struct {
	outcome transport.Confirmation
	// publication is kept where it may have to be sent again.
	publication *transport.Publication
	size        int
}

// add keeps an outcome, unless it is known: then it returns it.
func (c *confirms) add(outcome transport.Confirmation, p *transport.Publication) error {
	one := inFlight{outcome: outcome, size: len(p.Message.Body)}
	if c.resend {
		one.publication = p
	}
	select {
	case <-outcome.Done():
		return c.known(one)
	default:
		c.flight = append(c.flight, one)
		c.bytes += one.size
		return nil
	}
}

// known returns the error of an outcome, nil for one that is sent again.
func (c *confirms) known(one inFlight) error {
	err := one.outcome.Err()
	if errors.Is(err, ErrRefused) && one.publication != nil {
		c.back = append(c.back, one.publication)
		return nil
	}
	return err
}

// reap drops what is confirmed by now, and returns the first error.
func (c *confirms) reap() error {
	for len(c.flight) > 0 {
		oldest := c.flight[0]
		select {
		case <-oldest.outcome.Done():
		default:
			return nil
		}
		c.flight[0] = inFlight{}
		c.flight = c.flight[1:]
		c.bytes -= oldest.size
		if err := c.known(oldest); err != nil {
			return err
		}
	}
	return nil
}

// refused returns what is to be sent again, once.
func (c *confirms) refused() []*transport.Publication {
	back := c.back
	c.back = nil
	return back
}

// room reports whether one more may be sent.
func (c *confirms) room() bool {
	return len(c.flight) < maxUnconfirmed && c.bytes < maxUnconfirmedBytes
}

// oldest is closed when the oldest outcome is known; nil when none is awaited.
func (c *confirms) oldest() <-chan struct{} {
	if len(c.flight) == 0 {
		return nil
	}
	return c.flight[0].outcome.Done()
}
