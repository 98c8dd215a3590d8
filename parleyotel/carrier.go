package parleyotel

import (
	"maps"
	"slices"

	"go.opentelemetry.io/otel/propagation"

	"github.com/parley-go/parley"
)

// carrier lets a propagator read and write the headers of a message. Who writes
// must own the map.
type carrier struct{ message *parley.Message }

var _ propagation.TextMapCarrier = carrier{}

// Get returns a header as text, "" when it is no text: whatever a sender wrote
// there.
func (c carrier) Get(key string) string { return c.message.Header(key) }

// Set writes a header.
func (c carrier) Set(key, value string) { c.message.SetHeader(key, value) }

// Keys returns the names of all headers.
func (c carrier) Keys() []string { return slices.Collect(maps.Keys(c.message.Headers)) }
