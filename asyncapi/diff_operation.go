package asyncapi

import (
	"reflect"
	"slices"
	"strings"

	"github.com/parley-go/parley"
)

// texts compares what is told of the application as a whole.
func (d *differ) texts() {
	if d.older.Info.Version != d.newer.Info.Version {
		d.addf(Neutral, "/info/version", "the version was %q and is %q", d.older.Info.Version, d.newer.Info.Version)
	}
	o, n := d.older.Info, d.newer.Info
	o.Version, n.Version = "", ""
	if !reflect.DeepEqual(o, n) {
		d.addf(Neutral, "/info", "what is told of the application changed")
	}
	for _, name := range sortedKeys(d.older.Servers) {
		if d.newer.Servers[name] == nil {
			d.who = "operators"
			d.addf(Unknown, pointer("servers", name), "the server is gone")
		}
	}
	d.who = ""
}

func (d *differ) operation(key string, o, n *sideOperation) {
	at := pointer("operations", n.key)
	d.current, d.who, d.sends = key, peersOf(n.Action), n.Action == Send
	if o.key != n.key || o.Title != n.Title || o.Summary != n.Summary || o.Description != n.Description {
		d.addf(Neutral, at, "its id or its texts changed")
	}
	d.messages(at+"/messages", d.older.messagesOf(o.Messages, o.Channel.Ref), d.newer.messagesOf(n.Messages, n.Channel.Ref))
	if sameJSON(o.Extensions[ExtRequestMode], n.Extensions[ExtRequestMode]) {
		d.messages(at+pointer(ExtItems), d.older.messagesOf(nil, itemsOf(o.Operation)), d.newer.messagesOf(nil, itemsOf(n.Operation)))
	} else {
		d.addf(Breaking, at+pointer(ExtRequestMode), "one message became a stream of items, or a stream one message")
	}
	d.habits(at, o, n)
	d.reply(at+"/reply", o, n)
	d.broker(at, o, n)
}

// habits compares what an application does as the one who asks.
func (d *differ) habits(at string, o, n *sideOperation) {
	if !sameJSON(o.Extensions[ExtGathers], n.Extensions[ExtGathers]) {
		d.addf(Neutral, at+pointer(ExtGathers), "whether answers of several responders are expected changed")
	}
	if !sameJSON(o.Extensions[ExtCancellable], n.Extensions[ExtCancellable]) {
		d.addf(Neutral, at+pointer(ExtCancellable), "whether its requests can be called off changed")
	}
}

// itemsOf is the channel of an operation's stream of items, "" without one.
func itemsOf(op *Operation) string {
	ref, _ := op.Extensions[ExtItems].(map[string]any)
	channel, _ := ref["$ref"].(string)
	return channel
}

// broker compares what the broker holds for an operation.
func (d *differ) broker(at string, o, n *sideOperation) {
	d.who = "operators"
	if !sameJSON(o.Extensions[ExtQueue], n.Extensions[ExtQueue]) {
		d.addf(Unknown, at+pointer(ExtQueue), "its queue changed: the broker refuses to declare a queue anew with other properties")
	}
	if o.channel == nil || n.channel == nil {
		return
	}
	channel := strings.TrimPrefix(n.Channel.Ref, "#")
	if !sameJSON(o.channel.Bindings, n.channel.Bindings) || !sameJSON(o.channel.Extensions, n.channel.Extensions) {
		d.addf(Unknown, channel+"/bindings", "its queue or exchange changed: the broker refuses to declare one anew with other properties")
	}
	if !sameJSON(o.Extensions[ExtRetry], n.Extensions[ExtRetry]) {
		d.addf(Neutral, at+pointer(ExtRetry), "what becomes of failed messages changed")
	}
}

func sameJSON(a, b any) bool {
	x, errX := encode(a)
	y, errY := encode(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// reply compares the answers. They go the other way.
func (d *differ) reply(at string, o, n *sideOperation) {
	switch {
	case o.Reply == nil && n.Reply == nil:
		return
	case n.Reply == nil:
		d.addf(Breaking, at, "the reply is gone")
		return
	case o.Reply == nil:
		d.addf(Compatible, at, "the reply is new")
		return
	}
	d.sends = !d.sends
	d.who = map[bool]string{true: "callers", false: "repliers"}[d.sends]
	before, now := d.older.repliesOf(o.Reply), d.newer.repliesOf(n.Reply)
	if !sameJSON(o.Extensions[ExtCancellable], n.Extensions[ExtCancellable]) && n.Extensions[ExtRequestMode] == nil {
		// The frames come to who asks for them alone: habits tells of it.
		before, now = withoutFrames(before), withoutFrames(now)
	}
	d.messages(at+"/messages", before, now)
	d.codes(at+pointer(ExtErrors), o.Reply, n.Reply)
	d.replyMode(at+pointer(ExtReplyMode), o.Reply, n.Reply)
}

// withoutFrames leaves out what is neither a result nor an error.
func withoutFrames(replies []placedMessage) []placedMessage {
	return slices.DeleteFunc(replies, func(m placedMessage) bool {
		return m.role() == "empty" && m.Headers != nil && slices.Contains(m.Headers.Required, parley.HeaderStreamFrame)
	})
}

func (d *differ) replyMode(at string, o, n *Reply) {
	before, _ := o.Extensions[ExtReplyMode].(string)
	now, _ := n.Extensions[ExtReplyMode].(string)
	switch {
	case before == now:
	case before == laterMode && now == "":
		d.addf(Compatible, at, "the reply no longer comes later")
	case before == "" && now == laterMode:
		d.addf(Breaking, at, "the reply comes later: a caller that waits for it can be gone by then")
	default:
		d.addf(Breaking, at, "one reply became many, or many one")
	}
}

// codes compares the declared error codes.
func (d *differ) codes(at string, o, n *Reply) {
	before, now := stringsOf(o.Extensions[ExtErrors]), stringsOf(n.Extensions[ExtErrors])
	for _, code := range now {
		if !slices.Contains(before, code) {
			d.addf(Unknown, at, "the error code %s is new: callers that tell codes apart may not know it", code)
		}
	}
	for _, code := range before {
		if !slices.Contains(now, code) {
			d.addf(Compatible, at, "the error code %s is no longer declared", code)
		}
	}
}

func stringsOf(v any) []string {
	switch v := v.(type) {
	case []string:
		return v
	case []any:
		var out []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
		return out
	default:
		return nil
	}
}

// placedMessage is a message and where it stands.
type placedMessage struct {
	*Message
	at string
}

// messagesOf resolves references; without any they are all of the channel.
func (s *docSide) messagesOf(refs []Ref, channel string) []placedMessage {
	if refs == nil {
		if _, c := s.Channel(Ref{channel}); c != nil {
			for _, key := range sortedKeys(c.Messages) {
				refs = append(refs, Ref{channel + "/messages/" + key})
			}
		}
	}
	var out []placedMessage
	for _, r := range refs {
		if key, m := s.Message(r); m != nil {
			at := strings.TrimPrefix(r.Ref, "#")
			if s.Components != nil && s.Components.Messages[key] == m {
				at = pointer("components", "messages", key)
			}
			out = append(out, placedMessage{m, at})
		}
	}
	return out
}

func (s *docSide) repliesOf(r *Reply) []placedMessage {
	if r.Channel == nil {
		return nil
	}
	return s.messagesOf(r.Messages, r.Channel.Ref)
}

// messages compares what may stand at one place. A message is known by its role,
// then by its name; what is left is paired in order.
func (d *differ) messages(at string, older, newer []placedMessage) {
	left := slices.Clone(newer)
	take := func(same func(placedMessage) bool) *placedMessage {
		for i, n := range left {
			if same(n) {
				left = slices.Delete(left, i, i+1)
				return &n
			}
		}
		return nil
	}
	var unmatched []placedMessage
	for _, o := range older {
		n := take(func(n placedMessage) bool { return n.role() == o.role() && n.Name == o.Name })
		if n == nil {
			unmatched = append(unmatched, o)
			continue
		}
		d.message(o, *n)
	}
	for _, o := range unmatched {
		if n := take(func(n placedMessage) bool { return n.role() == o.role() }); n != nil {
			d.message(o, *n)
			continue
		}
		d.narrowerf(o.at, "the message %s is gone", o.Name)
	}
	for _, n := range left {
		d.widerf(n.at, "the message %s is new", n.Name)
	}
}

// role tells errors and empty answers from results.
func (m placedMessage) role() string {
	switch {
	case m.Headers != nil && len(m.Headers.Required) == 1 && m.Headers.Required[0] == errorHeader:
		return "error"
	case m.Payload != nil && m.Payload.Schema != nil && slices.Equal(m.Payload.Schema.Type, Types{"null"}):
		return "empty"
	default:
		return "value"
	}
}

func (d *differ) message(o, n placedMessage) {
	if o.ContentType != n.ContentType {
		d.addf(Breaking, n.at+"/contentType", "the content type was %s and is %s", o.ContentType, n.ContentType)
		return
	}
	if o.Title != n.Title || o.Summary != n.Summary || o.Description != n.Description {
		d.addf(Neutral, n.at, "texts of the message changed")
	}
	before := len(d.changes)
	d.seen = map[[2]*Schema]bool{}
	d.schema(n.at+"/headers", orAny(o.Headers), orAny(n.Headers))
	switch {
	case o.Payload == nil || n.Payload == nil:
	case o.Payload.Format != n.Payload.Format || o.Payload.Text != n.Payload.Text:
		d.addf(Unknown, n.at+"/payload", "the schema is in another language than JSON Schema, and changed")
	default:
		d.schema(n.at+"/payload", orAny(o.Payload.Schema), orAny(n.Payload.Schema))
	}
	if len(d.changes) > before {
		d.tryExamples(o, n)
	}
}

func orAny(s *Schema) *Schema {
	if s == nil {
		return &Schema{}
	}
	return s
}

// tryExamples gives the values that one document shows to the schema of the
// other.
func (d *differ) tryExamples(o, n placedMessage) {
	examples, side, at := o.Examples, d.newer, n.at
	if d.sends {
		examples, side, at = n.Examples, d.older, o.at
	}
	if side.checker == nil || n.Payload == nil || n.Payload.Schema == nil {
		return
	}
	for _, e := range examples {
		if e.Payload != nil && side.checker.check(at+"/payload", e.Payload) != nil {
			d.addf(Breaking, n.at+"/payload", "the example %q of one document is refused by the schema of the other", e.Name)
		}
	}
}
