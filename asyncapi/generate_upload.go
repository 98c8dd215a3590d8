package asyncapi

import (
	"encoding/json"
	"slices"

	"github.com/parley-go/parley"
)

// planUpload plans what makes a stream of the messages of op: the request that
// announces items, and the frames that follow it to where the service listens.
// taker is who reads them, op itself where that is not known.
func (g *generator) planUpload(op, taker *operationPlan) {
	op.opens = g.message(uploadRequest(taker.Stream))
	item := &messagePlan{view: op.message.view, correlated: true, headers: sentHeaders("item", g.headersOf(taker), seqHeader(1, "Numbers the items from 1."))}
	g.messageBody(item, op, taker)
	name, suffix := typeName(item.goType), "ItemInput"
	if name == "" {
		name = taker.baseName()
	}
	if item.view == output {
		suffix = "ItemSent"
	}
	item.name, item.title = name+suffix, ""
	op.items = []*messagePlan{g.message(item)}
	credit := sent("ItemsCredit", "Credit", "credit", "A sign of life of the sender, and how many replies it takes. Its body is empty.",
		seqHeader(0, "The number of the last item that was sent."))
	credit.headers.Properties = append(credit.headers.Properties, grantHeaders()...)
	for _, m := range []*messagePlan{
		sent("ItemsEnd", "End of the items", "end", "All items were sent: nothing follows. Its body is empty.",
			seqHeader(1, "The number of the last item and 1.")),
		itemsError(),
		credit,
		sent("ItemsCancel", "Cancel", "cancel", "The caller gives up: the handler's context ends. Its body is empty."),
	} {
		m.view = item.view
		op.items = append(op.items, g.message(m))
	}
}

// uploadRequest announces items. many says that many replies are wanted.
func uploadRequest(many bool) *messagePlan {
	zero := Property{parley.HeaderStreamSeq, &Schema{Type: Types{"integer"}, Const: json.RawMessage("0"), Description: "Items follow."}}
	m := frame("ClientStream", "Client stream", "request",
		"Announces a stream of items, which go to the property reply-to of the frame open that answers. Its body is empty.")
	m.headers = framed("request", zero)
	grants := grantHeaders()
	if many {
		m.name, m.title = "TwoWayStream", "Two-way stream"
		m.headers.Required = append(m.headers.Required, grants[0].Name)
	} else {
		grants[0].Schema.Description += " Absent where one answer is wanted."
	}
	m.headers.Properties = append(append(m.headers.Properties, grants...), askedBeat("the sender"))
	return m
}

// sentHeaders are those of a frame to the service: without the id of a run,
// which tells the directions apart. declared are those that the handler reads of
// each item, nil for none.
func sentHeaders(kind string, declared *Schema, more ...Property) *Schema {
	s := framed(kind, more...)
	s.Properties = append(s.Properties, absent(parley.HeaderStreamRun), absent(parley.HeaderError))
	if declared == nil {
		return s
	}
	for _, p := range declared.Properties {
		if s.Properties.Get(p.Name) == nil {
			s.Properties = append(s.Properties, p)
		}
	}
	s.Required = append(s.Required, declared.Required...)
	return s
}

// sent is a frame to the service without a value.
func sent(name, title, kind, text string, more ...Property) *messagePlan {
	m := frame(name, title, kind, text)
	m.headers = sentHeaders(kind, nil, more...)
	return m
}

// itemsError ends items that are not complete.
func itemsError() *messagePlan {
	const unknown = string(parley.CodeUnknown)
	return &messagePlan{
		name: "ItemsError", title: "Error of the sender", correlated: true, contentType: contentJSON, frame: true,
		description: "The sender failed: no item follows, and no answer is read.",
		headers: &Schema{
			Type: Types{"object"}, Required: []string{parley.HeaderError},
			Properties: Properties{
				{parley.HeaderError, &Schema{Type: Types{"string"}, Description: "The code."}},
				frameHeader("error", ""), seqHeader(1, "The number of the last item and 1."), absent(parley.HeaderStreamRun),
			},
		},
		payload: errorSchema("ItemsError", &Schema{Type: Types{"string"}, Title: "Code", Examples: []any{unknown}}),
		examples: []Example{{
			Name: unknown, Headers: map[string]any{parley.HeaderError: unknown},
			Payload: map[string]any{"code": unknown, "message": "what went wrong"},
		}},
	}
}

// planGrants plans the frames by which a service lets items be sent.
func (g *generator) planGrants(op *operationPlan) {
	open := frame("UploadOpen", "Open", "open",
		"The first frame, before the handler runs. Its property reply-to is where the items go, and the frames credit and cancel. "+
			"Where no items follow the request it grants none. Its body is empty.", beatHeader())
	credit := frame("UploadCredit", "Credit", "credit", "More items may be sent. Its body is empty.", grantHeaders()...)
	beat := frame("UploadBeat", "Beat", "beat", "A sign of life while there is nothing else. Its body is empty.",
		seqHeader(0, "The number of the last item of the answer, 0 before the first."))
	for _, m := range []*messagePlan{open, beat} {
		m.headers.Properties = slices.Insert(m.headers.Properties, 2, grantHeaders()...)
	}
	for _, m := range []*messagePlan{open, credit, beat} {
		op.answers = append(op.answers, g.message(m))
	}
}

// resultHeaders are those of a single result: of a reply, or of the end of the
// stream that answers one.
func (op *operationPlan) resultHeaders() *Schema {
	s := &Schema{Type: Types{"object"}}
	if op.Upload {
		s.Properties = Properties{
			frameHeader("end", "Absent where the request was an ordinary message."),
			{parley.HeaderStreamSeq, &Schema{Type: Types{"integer"}, Const: json.RawMessage("1")}},
			{parley.HeaderStreamRun, runHeader()},
		}
	}
	// A result has no code: exactly one of the messages fits a reply.
	s.Properties = append(s.Properties, absent(parley.HeaderError))
	return s
}

// ordinary adds to the headers of a message that no items follow it.
func ordinary(s *Schema) *Schema {
	out := &Schema{Type: Types{"object"}}
	if s != nil {
		*out = *s
	}
	out.Properties = append(slices.Clone(out.Properties), absent(parley.HeaderStreamSeq))
	return out
}

// itemsChannel writes the channel of the items, and returns what refers to it.
func (g *generator) itemsChannel(op *operationPlan) map[string]any {
	key, channel := g.keyBeside(op, "Items"), &Channel{
		Messages:    map[string]*Message{},
		Description: "Where the items go: the property reply-to of the frame open.",
	}
	for _, m := range op.items {
		channel.Messages[m.key] = &Message{Ref: "#/components/messages/" + m.key}
	}
	g.doc.Channels[key] = channel
	return map[string]any{"$ref": "#/channels/" + key}
}
