// Package stream is the protocol of one request with many replies, without
// I/O and without clocks: the frames as they stand in headers, and the
// accounts of both sides about what was granted, sent and received.
//
// The receiver of items grants numbers up to N; the sender never sends item
// k > N. Items are numbered 1, 2, …; an end or an error closes the stream, and
// anything else is a failure. docs/streams.md has the wire format.
package stream
