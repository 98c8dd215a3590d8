package work

import (
	"crypto/rand"
	"encoding/hex"
)

// UUID returns a random identifier of version 4 with 122 random bits.
func UUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to return an error
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:8], b[:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:], b[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
