// Package recording reads and writes captured messages: a file of lines, each
// of which is one message as a JSON object.
//
//	{"time":"2026-01-02T15:04:05Z","address":"orders.place","content_type":"application/json","id":"m1","headers":{"x-tenant":"blue","x-try":2},"body":"{\"id\":\"o1\"}"}
//
// Empty lines are skipped. Of a line only an address or an exchange must be
// there; what is absent is the zero value, and names that are not listed here
// are an error, so that a misspelt one does not go unnoticed.
//
//	time              when it was captured, RFC 3339
//	address           routing key, the queue's name where there is no exchange
//	exchange          name of the exchange, absent for the default one
//	id, correlation_id, reply_to, type, app_id, user_id    texts
//	content_type, content_encoding                         texts
//	timestamp         when the message was made, RFC 3339
//	expiration_ms     whole milliseconds
//	priority          0 to 255
//	persistent        true or false, absent when nothing was said
//	headers           an object, see below
//	body              the body where it is text in UTF-8
//	body_base64       the body where it is not; never together with body
//
// In headers texts, true, false, null, lists and objects stand for themselves.
// A number without a fraction and an exponent is an integer of 64 bits, any
// other one a float. What JSON has no form for is an object with one member:
//
//	{"!bytes":"base64"}   bytes
//	{"!time":"RFC 3339"}  a time in whole seconds
//	{"!float":"2"}        a float that would read as an integer, or is none
//	{"!map":{…}}          a table of one entry whose name begins with "!"
//
// This is the one place where the format is described.
package recording
