package rabbitmq

import "encoding/binary"

// fault is what amqp091-go does not take in a header table that a broker lets
// through. It answers by closing the connection; the broker then delivers the
// message to the next one.
//
// Source: read.go of amqp091-go v1.16.0 (maxContainerElements, maxFieldDepth,
// readFieldDepth).
type fault uint8

const (
	noFault fault = iota
	tooManyFields
	tooDeep
	unknownType
	malformed
	tooLarge
)

func (f fault) String() string {
	switch f {
	case tooManyFields:
		return "a table or list of more than 8192 elements"
	case tooDeep:
		return "more than 32 levels of tables and lists"
	case unknownType:
		return "a value of an unknown type"
	case tooLarge:
		return "more than fits into a frame"
	default:
		return "malformed"
	}
}

// Sizes of field values that say something else than a number of bytes.
const (
	sizeUnknown = -1 - iota
	// sizePrefixed values begin with their length, in four bytes.
	sizePrefixed
	// sizeContainer values do too, and hold other values.
	sizeContainer
)

// fieldSizes are how many bytes a value has behind its type.
var fieldSizes = func() (sizes [256]int8) {
	for i := range sizes {
		sizes[i] = sizeUnknown
	}
	for typ, size := range map[byte]int8{
		'V': 0, 't': 1, 'b': 1, 'B': 1, 's': 2, 'u': 2, 'I': 4, 'i': 4, 'f': 4,
		'D': 5, 'l': 8, 'L': 8, 'd': 8, 'T': 8,
		'S': sizePrefixed, 'x': sizePrefixed, 'A': sizeContainer, 'F': sizeContainer,
	} {
		sizes[typ] = size
	}
	return sizes
}()

// RabbitMQ takes integers of 64 bits under two types, the client library under
// one. Those peers that use the other (py-amqp, and so Celery) write signed
// ones under it, too.
const (
	longInt  = 'l'
	longUint = 'L'
)

// checkFields walks through the values of a table, named ones, or of a list.
// What it finds no fault with the client library takes, once it has put right
// the type of integers that the library does not know, see [longInt].
func checkFields(b []byte, named bool, depth int) fault {
	for n := 0; len(b) > 0; n++ {
		if n == maxElements {
			return tooManyFields
		}
		if named {
			skip := 1 + int(b[0])
			if len(b) <= skip {
				return malformed
			}
			b = b[skip:]
		}
		typ := b[0]
		size := int(fieldSizes[typ])
		if typ == longUint {
			b[0] = longInt
		}
		b = b[1:]
		if size < 0 {
			length, f := valueLength(b, size)
			if f != noFault {
				return f
			}
			b = b[4:]
			if size == sizeContainer {
				if depth == maxDepth {
					return tooDeep
				}
				if f := checkFields(b[:length], typ == 'F', depth+1); f != noFault {
					return f
				}
			}
			size = length
		}
		if len(b) < size {
			return malformed
		}
		b = b[size:]
	}
	return noFault
}

// valueLength reads the length that a value begins with.
func valueLength(b []byte, size int) (int, fault) {
	if size == sizeUnknown {
		return 0, unknownType
	}
	if len(b) < 4 {
		return 0, malformed
	}
	length := binary.BigEndian.Uint32(b)
	if uint64(length) > uint64(len(b)-4) {
		return 0, malformed
	}
	return int(length), noFault
}

// Flags of the properties that come before and with the headers.
const (
	flagContentType     = 0x8000
	flagContentEncoding = 0x4000
	flagHeaders         = 0x2000
)

// contentFixed is the size of what every content header begins with: class,
// weight, size of the body, flags.
const contentFixed = 14

// headerTable finds the header table in a content header; nil when there is
// none, or no whole one.
func headerTable(payload []byte) []byte {
	if len(payload) < contentFixed {
		return nil
	}
	flags := binary.BigEndian.Uint16(payload[contentFixed-2:])
	if flags&flagHeaders == 0 {
		return nil
	}
	b := payload[contentFixed:]
	for _, flag := range [...]uint16{flagContentType, flagContentEncoding} {
		if flags&flag == 0 {
			continue
		}
		if len(b) == 0 || len(b) <= int(b[0]) {
			return nil
		}
		b = b[1+int(b[0]):]
	}
	length, f := valueLength(b, sizePrefixed)
	if f != noFault {
		return nil
	}
	return b[4 : 4+length]
}
