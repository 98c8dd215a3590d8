package asyncapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/parley-go/parley"
)

// streamMode is the value of [ExtReplyMode] for a request with many replies.
const streamMode = "stream"

// planStream plans the answers of a handler that gives many results: each frame
// that may come to the reader is a message, told apart by its headers.
func (g *generator) planStream(op *operationPlan) {
	item := &messagePlan{view: output, headers: frameHeaders("item", seqHeader(1, "Numbers the items from 1.")), correlated: true}
	g.bodyOf(item, op.Output, op, op.ReplyContentType)
	name := typeName(op.Output)
	if name == "" {
		name, item.title = op.baseName(), op.messageTitle(" item")
	}
	item.name = name + "Item"
	op.answers = append(op.answers, g.message(item))
	if k := op.Output.Kind(); k == reflect.Pointer || k == reflect.Interface {
		op.answers = append(op.answers, g.message(frame("EmptyItem", "Item without a value", "item",
			"An item that is nil: an empty body without a content type.", seqHeader(1, "Numbers the items from 1."))))
	}
	op.answers = append(
		op.answers,
		g.message(frame("StreamOpen", "Open", "open",
			"The first frame, before the handler runs, for readers that grant credit. Its property reply-to is where their "+
				"frames credit and cancel go. Its body is empty.",
			Property{parley.HeaderStreamBeat, &Schema{Type: Types{"integer"}, Minimum: "1000", Maximum: "60000", Description: "Milliseconds between signs of life."}})),
		g.message(frame("StreamBeat", "Beat", "beat", "A sign of life while there is no item. Its body is empty.",
			seqHeader(0, "The number of the last item, 0 before the first."))),
		g.message(frame("StreamEnd", "End", "end", "The stream is complete: nothing follows. Its body is empty.",
			seqHeader(1, "The number of the last item and 1."))),
		g.message(streamError(op)),
	)
}

func seqHeader(least int, text string) Property {
	return Property{parley.HeaderStreamSeq, &Schema{Type: Types{"integer"}, Minimum: json.Number(itoa(least)), Description: text}}
}

// frameHeaders are the headers of a frame that is no error.
func frameHeaders(kind string, more ...Property) *Schema {
	s := &Schema{
		Type: Types{"object"}, Required: []string{parley.HeaderStreamFrame},
		Properties: Properties{{parley.HeaderStreamFrame, &Schema{Type: Types{"string"}, Const: json.RawMessage(`"` + kind + `"`)}}},
	}
	for _, p := range more {
		s.Properties = append(s.Properties, p)
		s.Required = append(s.Required, p.Name)
	}
	s.Properties = append(s.Properties,
		Property{parley.HeaderStreamRun, runHeader()},
		Property{parley.HeaderError, &Schema{Bool: new(false)}})
	return s
}

func runHeader() *Schema {
	return &Schema{Type: Types{"string"}, Description: "One run of the handler. Another value means that it began anew."}
}

// frame is a frame without a value.
func frame(name, title, kind, text string, more ...Property) *messagePlan {
	return &messagePlan{
		name: name, title: title, view: output, headers: frameHeaders(kind, more...), correlated: true,
		contentType: contentJSON, payload: &Schema{Type: Types{"null"}}, description: text, frame: kind != "item",
	}
}

// streamError is the error that ends a stream, or comes in place of one.
func streamError(op *operationPlan) *messagePlan {
	m := errorMessage(op)
	m.name = strings.Replace(m.name, "RPCError", "StreamError", 1)
	m.title = strings.Replace(m.title, "RPC", "Stream", 1)
	m.description = "The stream failed: nothing follows. " + strings.Replace(m.description, "The request failed. ", "", 1)
	m.headers.Properties = append(m.headers.Properties,
		Property{parley.HeaderStreamFrame, &Schema{Type: Types{"string"}, Const: json.RawMessage(`"error"`), Description: "Absent where no stream was asked for."}},
		seqHeader(1, "The number of the last item and 1."),
		Property{parley.HeaderStreamRun, runHeader()})
	return m
}

// askingHeaders adds to the headers of a request those by which a reader asks
// for a stream with flow control.
func askingHeaders(s *Schema) *Schema {
	out := &Schema{Type: Types{"object"}}
	if s != nil {
		*out = *s
		out.Properties = slices.Clone(s.Properties)
	}
	number := func(least int, text string) *Schema {
		return &Schema{Type: Types{"integer"}, Minimum: json.Number(itoa(least)), Description: text}
	}
	out.Properties = append(out.Properties,
		Property{parley.HeaderStreamFrame, &Schema{Type: Types{"string"}, Const: json.RawMessage(`"request"`), Description: "Asks for a stream with flow control; without it the items come as ordinary messages."}},
		Property{parley.HeaderStreamCredit, number(0, "The number of the last item that may be sent until more is granted.")},
		Property{parley.HeaderStreamCreditBytes, number(0, "The sum of bodies below which the next item may be sent.")},
		Property{parley.HeaderStreamBeat, number(1, "Milliseconds between signs of life, which the reader then gives too.")})
	return out
}
