package rabbitmq

import (
	"fmt"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

const (
	// maxShort is the longest text that a property or routing key can hold.
	maxShort = 255
	// maxHeaders keeps the frame with the properties below frameSize: larger
	// ones close the connection.
	maxHeaders = frameSize - 8<<10
	// maxDepth bounds tables within tables.
	maxDepth = 32
	// maxElements bounds each table and list: a message with a larger one ends
	// the connection of whoever receives it with amqp091-go, as often as it is
	// delivered (read.go, maxContainerElements, in v1.16.0).
	maxElements = 8192
)

// publishing converts m for the wire. It checks all that the client library
// would only find while writing, which ends the connection there.
func publishing(m *transport.Message) (amqp.Publishing, error) {
	p := amqp.Publishing{
		ContentType:     m.ContentType,
		ContentEncoding: m.ContentEncoding,
		DeliveryMode:    amqp.Persistent,
		Priority:        m.Priority,
		CorrelationId:   m.CorrelationID,
		ReplyTo:         m.ReplyTo,
		MessageId:       m.ID,
		Timestamp:       m.Timestamp,
		Type:            m.Type,
		UserId:          m.UserID,
		AppId:           m.AppID,
		Body:            m.Body,
	}
	if m.Persistence == transport.Transient {
		p.DeliveryMode = amqp.Transient
	}
	if err := checkShort(&p); err != nil {
		return p, err
	}
	if m.Expiration < 0 {
		return p, fmt.Errorf("wanted an expiration of at least 0, got %s", m.Expiration)
	}
	if m.Expiration > 0 {
		ms := (min(m.Expiration, transport.LongestExpiration) + time.Millisecond - 1) / time.Millisecond
		p.Expiration = strconv.FormatInt(int64(ms), 10)
	}
	if len(m.Headers) > 0 {
		var err error
		if p.Headers, err = headersOut(m.Headers); err != nil {
			return p, err
		}
		return p, checkCopies(p.Headers)
	}
	return p, nil
}

// checkCopies refuses lists of further routing keys that are none: the broker
// would answer by closing the channel that all publishers share.
//
// Source: https://www.rabbitmq.com/docs/sender-selected
func checkCopies(t amqp.Table) error {
	for _, name := range [...]string{"CC", "BCC"} {
		v, present := t[name]
		if !present {
			continue
		}
		keys, ok := v.([]any)
		for _, key := range keys {
			_, text := key.(string)
			ok = ok && text
		}
		if !ok {
			return fmt.Errorf("header %q: wanted a list of routing keys, got %T", name, v)
		}
	}
	return nil
}

func checkShort(p *amqp.Publishing) error {
	for _, f := range [...]struct{ name, text string }{
		{"message id", p.MessageId},
		{"correlation id", p.CorrelationId},
		{"reply-to", p.ReplyTo},
		{"content type", p.ContentType},
		{"content encoding", p.ContentEncoding},
		{"type", p.Type},
		{"user id", p.UserId},
		{"app id", p.AppId},
	} {
		if len(f.text) > maxShort {
			return fmt.Errorf("wanted a %s of at most %d bytes, got %d", f.name, maxShort, len(f.text))
		}
	}
	return nil
}

// headersOut converts headers into a table. The map itself is taken where no
// value needs conversion; it is never changed.
func headersOut(h map[string]any) (amqp.Table, error) {
	room := maxHeaders
	return tableOut(h, &room, maxDepth)
}

func tableOut(h map[string]any, room *int, depth int) (amqp.Table, error) {
	if len(h) > maxElements {
		return nil, tooMany(len(h))
	}
	out := amqp.Table(h)
	copied := false
	for key, v := range h {
		if len(key) > maxShort {
			return nil, fmt.Errorf("wanted header names of at most %d bytes, got one of %d", maxShort, len(key))
		}
		*room -= len(key) + 2
		converted, changed, err := fieldOut(v, room, depth)
		if err != nil {
			return nil, fmt.Errorf("header %q: %w", key, err)
		}
		if !changed {
			continue
		}
		if !copied {
			copied = true
			out = make(amqp.Table, len(h))
			for k, v := range h {
				out[k] = v
			}
		}
		out[key] = converted
	}
	return out, nil
}

// fieldOut converts one value and reports whether that changed it. The client
// library would cut an int to 32 bits.
func fieldOut(v any, room *int, depth int) (converted any, changed bool, err error) {
	switch v := v.(type) {
	case string:
		*room -= len(v) + 4
	case []byte:
		*room -= len(v) + 4
	case nil, bool, int64, float64, time.Time:
		*room -= 8
	default:
		*room -= 8
		converted, err = fieldConverted(v, room, depth)
		changed = true
	}
	if err == nil && *room < 0 {
		err = fmt.Errorf("wanted headers of at most %d bytes together, got more", maxHeaders)
	}
	return converted, changed, err
}

func fieldConverted(v any, room *int, depth int) (any, error) {
	if n, ok, err := transport.Integer(v); ok {
		return n, err
	}
	if f, ok := v.(float32); ok {
		return float64(f), nil
	}
	return nestedOut(v, room, depth-1)
}

func nestedOut(v any, room *int, depth int) (any, error) {
	if depth < 0 {
		return nil, fmt.Errorf("wanted at most %d levels, got more", maxDepth)
	}
	switch v := v.(type) {
	case map[string]any:
		return tableOut(v, room, depth)
	case transport.Headers:
		return tableOut(v, room, depth)
	case amqp.Table:
		return tableOut(v, room, depth)
	case []any:
		return listOut(v, room, depth)
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return listOut(list, room, depth)
	default:
		return nil, fmt.Errorf("wanted a value that AMQP can carry, got %T; hint: see transport.Headers", v)
	}
}

func listOut(list []any, room *int, depth int) (any, error) {
	if len(list) > maxElements {
		return nil, tooMany(len(list))
	}
	*room -= len(list) // the type of each
	out := make([]any, len(list))
	for i, v := range list {
		converted, changed, err := fieldOut(v, room, depth)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		if out[i] = v; changed {
			out[i] = converted
		}
	}
	return out, nil
}

func tooMany(n int) error {
	return fmt.Errorf("wanted tables and lists of at most %d elements, got %d", maxElements, n)
}
