package asyncapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/parley-go/parley"
)

const (
	// streamMode is the value of [ExtReplyMode] for a request with many replies,
	// and of [ExtRequestMode] for one that is many items.
	streamMode = "stream"
	// laterMode is the value of [ExtReplyMode] for a reply that comes later.
	laterMode = "later"
)

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
	if op.Upload {
		g.planGrants(op)
	} else {
		op.answers = append(
			op.answers,
			g.message(frame("StreamOpen", "Open", "open",
				"The first frame, before the handler runs, for readers that grant credit. Its property reply-to is where their "+
					"frames credit and cancel go. Its body is empty.",
				beatHeader())),
			g.message(frame("StreamBeat", "Beat", "beat", "A sign of life while there is no item. Its body is empty.",
				seqHeader(0, "The number of the last item, 0 before the first."))),
		)
	}
	op.answers = append(
		op.answers,
		g.message(frame("StreamEnd", "End", "end", "The stream is complete: nothing follows. Its body is empty.",
			seqHeader(1, "The number of the last item and 1."))),
		g.message(streamError(op)),
	)
}

func beatHeader() Property {
	return Property{parley.HeaderStreamBeat, &Schema{Type: Types{"integer"}, Minimum: "1000", Maximum: "60000", Description: "Milliseconds between signs of life."}}
}

func seqHeader(least int, text string) Property {
	return Property{parley.HeaderStreamSeq, wholeNumber(least, text)}
}

// frameHeaders are the headers of a frame of a service that is no error.
func frameHeaders(kind string, more ...Property) *Schema {
	s := framed(kind, more...)
	s.Properties = append(s.Properties, Property{parley.HeaderStreamRun, runHeader()}, absent(parley.HeaderError))
	return s
}

// framed are headers that say what kind of frame it is, and some more.
func framed(kind string, more ...Property) *Schema {
	s := &Schema{Type: Types{"object"}, Required: []string{parley.HeaderStreamFrame}, Properties: Properties{frameHeader(kind, "")}}
	for _, p := range more {
		s.Properties = append(s.Properties, p)
		s.Required = append(s.Required, p.Name)
	}
	return s
}

func frameHeader(kind, text string) Property {
	return Property{parley.HeaderStreamFrame, &Schema{Type: Types{"string"}, Const: json.RawMessage(`"` + kind + `"`), Description: text}}
}

// absent is a header that must not be there.
func absent(name string) Property { return Property{name, &Schema{Bool: new(false)}} }

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
		frameHeader("error", "Absent where no stream was asked for."),
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
	out.Properties = append(out.Properties, frameHeader("request", "Asks for a stream with flow control; without it the items come as ordinary messages."))
	out.Properties = append(out.Properties, grantHeaders()...)
	out.Properties = append(out.Properties, askedBeat("the reader"))
	return out
}

// grantHeaders say how far the other side may go.
func grantHeaders() Properties {
	return Properties{
		{parley.HeaderStreamCredit, wholeNumber(0, "The number of the last item that may be sent until more is granted.")},
		{parley.HeaderStreamCreditBytes, wholeNumber(0, "The sum of bodies below which the next item may be sent.")},
	}
}

// askedBeat is the beat that who asks for it promises too.
func askedBeat(who string) Property {
	return Property{parley.HeaderStreamBeat, wholeNumber(1, "Milliseconds between signs of life, which "+who+" then gives too.")}
}

func wholeNumber(least int, text string) *Schema {
	return &Schema{Type: Types{"integer"}, Minimum: json.Number(itoa(least)), Description: text}
}
