package asyncapi

import (
	"strings"

	"github.com/parley-go/parley"
)

// errorHeader marks error replies.
const errorHeader = parley.HeaderError

// Schema returns the schema that a reference names, nil when there is none.
func (d *Document) Schema(ref string) *Schema {
	name, ok := strings.CutPrefix(ref, schemasPrefix)
	if !ok || d.Components == nil {
		return nil
	}
	return d.Components.Schemas[name]
}

// Channel returns the channel that a reference names, and its key; nil when
// there is none.
func (d *Document) Channel(ref Ref) (string, *Channel) {
	key, ok := strings.CutPrefix(ref.Ref, "#/channels/")
	if !ok {
		return "", nil
	}
	return key, d.Channels[key]
}

// Message returns the message that a reference names, by way of its channel or
// of the components, and its key; nil when there is none.
func (d *Document) Message(ref Ref) (string, *Message) {
	if rest, ok := strings.CutPrefix(ref.Ref, "#/channels/"); ok {
		channel, key, ok := strings.Cut(rest, "/messages/")
		if c := d.Channels[channel]; ok && c != nil {
			return d.follow(key, c.Messages[key])
		}
		return "", nil
	}
	if key, ok := strings.CutPrefix(ref.Ref, "#/components/messages/"); ok && d.Components != nil {
		return key, d.Components.Messages[key]
	}
	return "", nil
}

func (d *Document) follow(key string, m *Message) (string, *Message) {
	if m == nil || m.Ref == "" {
		return key, m
	}
	if !strings.HasPrefix(m.Ref, "#/components/") {
		return "", nil
	}
	return d.Message(Ref{m.Ref})
}
