package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/parley-go/parley/transport"
)

// Entry is one captured message.
type Entry struct {
	// Time is when it was captured, the zero time when that is not known.
	Time time.Time
	// Message is the message with its Address and Exchange.
	Message *transport.Message
}

// line is an entry as it is written.
type line struct {
	Time            time.Time      `json:"time,omitzero"`
	Address         string         `json:"address,omitempty"`
	Exchange        string         `json:"exchange,omitempty"`
	ID              string         `json:"id,omitempty"`
	CorrelationID   string         `json:"correlation_id,omitempty"`
	ReplyTo         string         `json:"reply_to,omitempty"`
	Type            string         `json:"type,omitempty"`
	AppID           string         `json:"app_id,omitempty"`
	UserID          string         `json:"user_id,omitempty"`
	ContentType     string         `json:"content_type,omitempty"`
	ContentEncoding string         `json:"content_encoding,omitempty"`
	Timestamp       time.Time      `json:"timestamp,omitzero"`
	ExpirationMS    int64          `json:"expiration_ms,omitempty"`
	Priority        uint8          `json:"priority,omitempty"`
	Persistent      *bool          `json:"persistent,omitempty"`
	Headers         map[string]any `json:"headers,omitempty"`
	Body            string         `json:"body,omitempty"`
	BodyBase64      []byte         `json:"body_base64,omitempty"`
}

// Write writes one line.
func Write(w io.Writer, e Entry) error {
	m := e.Message
	headers, err := headersOut(m.Headers)
	if err != nil {
		return fmt.Errorf("recording: message %q: %w", m.ID, err)
	}
	l := line{
		Time: e.Time, Address: m.Address, Exchange: m.Exchange, ID: m.ID, CorrelationID: m.CorrelationID,
		ReplyTo: m.ReplyTo, Type: m.Type, AppID: m.AppID, UserID: m.UserID, ContentType: m.ContentType,
		ContentEncoding: m.ContentEncoding, Timestamp: m.Timestamp, Priority: m.Priority, Headers: headers,
		// Rounded up, as on the wire: 0 would keep the message for ever.
		ExpirationMS: int64((m.Expiration + time.Millisecond - 1) / time.Millisecond),
	}
	if m.Persistence != transport.PersistenceUnset {
		l.Persistent = new(m.Persistence == transport.Persistent)
	}
	if utf8.Valid(m.Body) {
		l.Body = string(m.Body)
	} else {
		l.BodyBase64 = m.Body
	}
	encoded, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("recording: message %q: %w", m.ID, err)
	}
	_, err = w.Write(append(encoded, '\n'))
	return err
}

// Parse reads one line.
func Parse(text []byte) (Entry, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	var l line
	if err := d.Decode(&l); err != nil {
		return Entry{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Entry{}, errors.New("wanted one object, got more behind it")
	}
	return l.entry()
}

// maxExpiration bounds expiration_ms: what a time.Duration holds.
const maxExpiration = int64(1<<63-1) / int64(time.Millisecond)

func (l *line) entry() (Entry, error) {
	switch {
	case l.Address == "" && l.Exchange == "":
		return Entry{}, errors.New("wanted an address or an exchange, got neither")
	case l.Body != "" && len(l.BodyBase64) > 0:
		return Entry{}, errors.New("wanted body or body_base64, got both")
	case l.ExpirationMS < 0 || l.ExpirationMS > maxExpiration:
		return Entry{}, fmt.Errorf("wanted an expiration_ms from 0 to %d, got %d", maxExpiration, l.ExpirationMS)
	}
	headers, err := headersIn(l.Headers)
	if err != nil {
		return Entry{}, err
	}
	m := &transport.Message{
		Address: l.Address, Exchange: l.Exchange, ID: l.ID, CorrelationID: l.CorrelationID,
		ReplyTo: l.ReplyTo, Type: l.Type, AppID: l.AppID, UserID: l.UserID, ContentType: l.ContentType,
		ContentEncoding: l.ContentEncoding, Timestamp: l.Timestamp, Priority: l.Priority, Headers: headers,
		Expiration: time.Duration(l.ExpirationMS) * time.Millisecond, Body: l.BodyBase64,
	}
	if l.Persistent != nil {
		m.Persistence = transport.Transient
		if *l.Persistent {
			m.Persistence = transport.Persistent
		}
	}
	if l.Body != "" {
		m.Body = []byte(l.Body)
	}
	return Entry{l.Time, m}, nil
}
