package memory

import (
	"bytes"
	"fmt"
	"time"

	"github.com/parley-go/parley/transport"
)

// maxShort is the length of AMQP's short strings in bytes: routing keys, ids,
// names.
//
// Source: AMQP 0-9-1 specification, section 4.2.5.3.
const maxShort = 255

// never is the time of expiry of what does not expire.
const never = time.Duration(1<<63 - 1)

// letter is a message as the broker keeps it. It is never changed, and the
// queues that have it share it.
type letter struct {
	// message has its own body and no headers.
	message transport.Message
	headers fields
	// copies are the further routing keys of its CC and BCC headers.
	copies []string
}

// entry is a letter's place in one queue, guarded by that queue's mutex. One
// that was delivered and comes back is replaced by a new entry.
type entry struct {
	*letter
	// number orders the entries of a queue by arrival.
	number  uint64
	expires time.Duration
	// redelivered is true when it was delivered before, attempts is how often
	// a queue that counts has counted that.
	redelivered bool
	counted     bool
	attempts    int

	// assigned is when a feed got it.
	assigned time.Time
	// before and after link the unsettled deliveries of a feed.
	before, after *entry
}

// parcel is a letter with the entry for its first queue.
type parcel struct {
	letter letter
	first  entry
}

// newParcel copies what a sender wants to publish.
func newParcel(m *transport.Message, exchange, key, replyTo string) (*parcel, error) {
	if err := checkShort(m, key); err != nil {
		return nil, err
	}
	headers, err := newFields(m.Headers)
	if err != nil {
		return nil, err
	}
	p := &parcel{letter: letter{message: *m, headers: headers}}
	l := &p.letter
	if headers != nil {
		if err := l.takeCopies(); err != nil {
			return nil, err
		}
	}
	stored := &l.message
	stored.Body = bytes.Clone(m.Body)
	stored.Headers = nil
	stored.Address, stored.Exchange = key, exchange
	stored.Redelivered, stored.DeliveryCount = false, 0
	if replyTo != "" {
		stored.ReplyTo = replyTo
	}
	if !m.Timestamp.IsZero() {
		stored.Timestamp = time.Unix(m.Timestamp.Unix(), 0)
	}
	stored.Expiration = min(m.Expiration, transport.LongestExpiration)
	if rest := stored.Expiration % time.Millisecond; rest > 0 {
		stored.Expiration += time.Millisecond - rest
	}
	return p, nil
}

func checkShort(m *transport.Message, key string) error {
	const tooLong = "%s: wanted at most 255 bytes, got %d"
	switch {
	case len(key) > maxShort:
		return fmt.Errorf(tooLong, "routing key", len(key))
	case len(m.ContentType) > maxShort:
		return fmt.Errorf(tooLong, "content type", len(m.ContentType))
	case len(m.ContentEncoding) > maxShort:
		return fmt.Errorf(tooLong, "content encoding", len(m.ContentEncoding))
	case len(m.ID) > maxShort:
		return fmt.Errorf(tooLong, "message id", len(m.ID))
	case len(m.CorrelationID) > maxShort:
		return fmt.Errorf(tooLong, "correlation id", len(m.CorrelationID))
	case len(m.ReplyTo) > maxShort:
		return fmt.Errorf(tooLong, "reply address", len(m.ReplyTo))
	case len(m.Type) > maxShort:
		return fmt.Errorf(tooLong, "type", len(m.Type))
	case len(m.AppID) > maxShort:
		return fmt.Errorf(tooLong, "app id", len(m.AppID))
	case len(m.UserID) > maxShort:
		return fmt.Errorf(tooLong, "user id", len(m.UserID))
	case m.Expiration < 0:
		return fmt.Errorf("expiration: wanted 0 or more, got %s", m.Expiration)
	}
	return nil
}

// takeCopies reads the CC and BCC headers and removes the latter.
//
// Source: https://www.rabbitmq.com/docs/sender-selected
func (l *letter) takeCopies() error {
	kept := l.headers[:0]
	for _, f := range l.headers {
		if f.name == headerCC || f.name == headerBCC {
			keys, ok := f.value.([]any)
			for _, v := range keys {
				key, text := v.(string)
				ok = ok && text
				l.copies = append(l.copies, key)
			}
			if !ok {
				return fmt.Errorf("header %q: wanted a list of routing keys, got %T", f.name, f.value)
			}
		}
		if f.name != headerBCC {
			kept = append(kept, f)
		}
	}
	l.headers = kept
	return nil
}

const headerDeliveryCount = "x-delivery-count"

// delivery returns the message for a handler, which owns it.
func (e *entry) delivery() *transport.Message {
	m := e.received()
	m.Received = e.assigned
	m.Redelivered = e.redelivered
	if e.counted {
		m.DeliveryCount = e.attempts
		if e.attempts > 0 {
			m.SetHeader(headerDeliveryCount, int64(e.attempts))
		}
	} else if n, ok := e.headers.find(headerDeliveryCount); ok {
		// A classic queue delivers what the sender claims.
		count, _ := n.(int64)
		m.DeliveryCount = int(count)
	}
	return m
}

// received returns the message with everything of its own.
func (l *letter) received() *transport.Message {
	m := new(transport.Message)
	*m = l.message
	m.Body = bytes.Clone(l.message.Body)
	m.Headers = l.headers.headers(0)
	return m
}
