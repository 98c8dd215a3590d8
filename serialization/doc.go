// Package serialization turns values into message bodies and back.
//
// A [Codec] serves one content type; a [Registry] finds the codec of a received
// message by its content type and the codec of a value by its Go type. [JSON],
// [Text] and [Bytes] are always there. Protocol Buffers, MessagePack and CBOR
// are ready in sub-packages, so that a program links only what it uses.
//
// An [Encoding] compresses bodies and unpacks them within a limit; gzip and zstd
// are in sub-packages too.
//
// No codec chooses a Go type from what a message says: the reader's own type
// decides. What is wrong with a message is an [*Error], whose text may be shown
// to the message's sender.
package serialization
