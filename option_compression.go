package parley

import (
	"fmt"
	"strings"

	"github.com/parley-go/parley/serialization"
)

// Decompress unpacks bodies whose content encoding is one of these, once and
// up to [MaxBody]. What cannot be unpacked, is larger, or has another content
// encoding is refused with [CodeInvalidArgument] before the handler runs.
// Middleware and error queues see messages as they came, handlers and
// resolvers unpacked ones. Given to [New] it also unpacks replies.
//
// Without it, or with no encoding, the content encoding is ignored and bodies
// are decoded as they are. Names of character sets that peers write there,
// such as utf-8, are no encoding.
func Decompress(encodings ...serialization.Encoding) SubscriberOption {
	d := decompression{byName: make(map[string]serialization.Encoding)}
	var names []string
	for _, e := range encodings {
		if e == nil {
			d.invalid = true
			continue
		}
		names = append(names, e.Name())
		d.add(e)
	}
	return subscriberOption{
		"parley.Decompress(" + strings.Join(names, ", ") + ")",
		func(s *subscriberSettings) { s.decompression = d },
	}
}

// Compress packs bodies of [CompressFrom] bytes and more, when that makes them
// smaller and they have no content encoding yet. The receiver must be able to
// read it, see [Decompress]. Replies are not packed: a caller does not say what
// it can read. Compress(nil) sends bodies as they are.
func Compress(e serialization.Encoding) SendOption {
	name := "nil"
	if e != nil {
		name = e.Name()
	}
	return sendOption{
		fmt.Sprintf("parley.Compress(%s)", name),
		func(s *sendSettings) { s.compression = e },
	}
}

// CompressFrom is the smallest body in bytes that [Compress] packs. Below it
// there is little to gain.
const CompressFrom = 1 << 10
