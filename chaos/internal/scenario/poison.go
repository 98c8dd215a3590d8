package scenario

import (
	"bytes"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/gzip"
	"github.com/parley-go/parley/serialization/zstd"
)

// poison is a message that cannot be processed.
type poison struct {
	// kind is also its id.
	kind string
	// words says that it goes to the queue of plain text.
	words bool
	// what it is published with.
	contentType, encoding, replyTo string
	headers                        amqp.Table
	body                           []byte
	// code and attempt are what the error queue must say.
	code    parley.Code
	attempt int64
}

// large64 is far above the limit for bodies, in bytes.
const large64 = 64 << 20

// poisons returns one of each kind for a clerk of queue.
func poisons(queue string) []poison {
	all := []poison{
		{kind: "panic", body: []byte(`{"id":1,"break":true}`), code: parley.CodeInternal, attempt: 1},
		{kind: "undecodable", body: []byte(`{"id":`)},
		{kind: "wrong type", body: []byte(`{"id":{"is":"an object"}}`)},
		{kind: "64 MB", body: large(large64)},
		{kind: "gzip bomb", encoding: gzip.Name, body: packed(gzip.Encoding(), large64)},
		{kind: "zstd bomb", encoding: zstd.Name, body: packed(zstd.Encoding(), large64)},
		{kind: "JSON of 100 000 levels", body: []byte(`{"id":1,"note":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`)},
		// The queue of the very subscriber as its reply address, a deadline that is
		// none, more attempts than there can be, and a copy for a third party.
		{kind: "forged headers", body: []byte(`{"id":1}`), replyTo: queue + ".error", headers: amqp.Table{
			parley.HeaderDeadline: "never", parley.HeaderRetry: int64(1_000_000), parley.HeaderRetryRound: int64(-7), "x-delivery-count": int64(99),
			"x-death": []any{amqp.Table{"count": int64(99), "queue": queue, "reason": "rejected"}}, "CC": []any{queue},
		}, code: parley.CodePermissionDenied},
		{kind: "unknown content type", contentType: "application/x-unknown", body: []byte("?")},
		{kind: "invalid UTF-8", words: true, contentType: "text/plain", body: []byte("\xff\xfe")},
	}
	for i := range all {
		if all[i].contentType == "" {
			all[i].contentType = "application/json"
		}
		if all[i].code == "" {
			all[i].code = parley.CodeInvalidArgument
		}
	}
	return all
}

func (p *poison) message() amqp.Publishing {
	return amqp.Publishing{
		MessageId: p.kind, ContentType: p.contentType, ContentEncoding: p.encoding, ReplyTo: p.replyTo, Headers: p.headers,
		DeliveryMode: amqp.Persistent, Body: p.body,
	}
}

// large is valid JSON of that many bytes.
func large(size int) []byte {
	const before, after = `{"id":1,"note":"`, `"}`
	body := bytes.Repeat([]byte("x"), size)
	copy(body, before)
	copy(body[size-len(after):], after)
	return body
}

// packed is what unpacks to that many bytes.
func packed(e serialization.Encoding, size int) []byte {
	body, err := e.Encode(large(size))
	if err != nil {
		panic(err)
	}
	return body
}
