package asyncapi

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/parley-go/parley"
)

// Content types of what parley writes, see the table of values in package
// parley.
const (
	contentJSON     = "application/json"
	contentText     = "text/plain"
	contentBytes    = "application/octet-stream"
	contentProtobuf = "application/x-protobuf"
)

// messagePlan is a message of the components.
type messagePlan struct {
	id, key     string
	name        string // what it is called when its type has no name
	title       string
	description string
	goType      reflect.Type
	view        view
	contentType string
	payload     *Schema
	foreign     *Payload
	headers     *Schema
	correlated  bool
	// frame says that it belongs to the running of a stream, or of a request that
	// can be called off, and has no value.
	frame    bool
	examples []Example
}

// message finds or makes a plan; what has one id is one message.
func (g *generator) message(m *messagePlan) *messagePlan {
	m.id = fmt.Sprintf("%d %v %s %s", m.view, m.goType, m.contentType, m.name)
	if m.headers != nil {
		if data, err := encode(m.headers); err == nil {
			m.id += string(data)
		}
	}
	if known, ok := g.messages[m.id]; ok {
		known.correlated = known.correlated || m.correlated
		return known
	}
	g.messages[m.id] = m
	return m
}

// planMessages plans what an operation takes or sends, and its replies.
func (g *generator) planMessages(op *operationPlan) {
	m := &messagePlan{view: output}
	if op.Action == parley.Receive || op.channel.bothWays {
		m.view = input
	}
	described := op
	if op.Action == parley.Send && op.channel.bothWays {
		described = op.channel.receiverOf(op)
	}
	if described.Action == parley.Receive {
		m.headers = g.headersOf(described)
		if described.Stream {
			m.headers = askingHeaders(m.headers)
		}
	}
	g.messageBody(m, op, described)
	if described.Upload {
		m.headers = ordinary(m.headers)
		m.name, m.title = described.baseName()+"Item", described.messageTitle(" item")
	}
	m.correlated = op.replies()
	op.message = g.message(m)
	op.channel.add(op.message)
	if op.Upload {
		g.planUpload(op, described)
		op.channel.add(op.opens)
	}
	if op.replies() {
		g.planReply(op)
	}
}

// messageBody describes the body of what op takes or sends, as its receiver
// reads it where that is one of the same app.
func (g *generator) messageBody(m *messagePlan, op, receiver *operationPlan) {
	if receiver.Action == parley.Receive {
		g.bodyOf(m, receiver.Body, receiver, receiver.ContentType)
		return
	}
	g.bodyOf(m, op.Payload, op, op.ContentType)
}

// receiverOf is the subscriber that takes what op sends to its own app: of the
// same body, or any where op declares none. Without one it is op itself.
func (c *channelPlan) receiverOf(op *operationPlan) *operationPlan {
	for _, other := range c.operations {
		if other.Action == parley.Receive && (op.Payload == nil || other.Body == op.Payload) {
			return other
		}
	}
	return op
}

func (c *channelPlan) add(m *messagePlan) {
	for _, known := range c.messages {
		if known == m {
			return
		}
	}
	c.messages = append(c.messages, m)
}

// bodyOf describes the body of a message; t is nil where nothing is declared.
func (g *generator) bodyOf(m *messagePlan, t reflect.Type, op *operationPlan, contentType string) {
	m.goType = t
	if t == noBodyType {
		m.goType, m.name, m.payload, m.contentType = nil, op.baseName()+"Message", &Schema{Type: Types{"null"}}, contentJSON
		m.title = op.messageTitle(" message")
		m.description = "An empty body without a content type."
		return
	}
	if t == nil || t == messageType || contentType == "" && !isBytes(deref(t)) && deref(t).Kind() != reflect.Interface {
		m.goType = nil
		m.name, m.payload, m.contentType = op.baseName()+"Message", &Schema{}, contentBytes
		m.title = op.messageTitle(" message")
		m.description = "The body is not declared: it may be anything."
		if op.Action == parley.Receive && op.Input != messageType {
			m.description = "The body is not read."
		}
		return
	}
	base, _ := indirect(t)
	if m.contentType = contentType; contentType == "" {
		m.contentType = contentBytes
	}
	if contentType == "" && base.Kind() == reflect.Interface {
		m.contentType = contentJSON
	}
	for _, f := range g.foreign {
		if format, text, ok := f(base); ok {
			m.foreign = &Payload{Format: format, Text: text}
			return
		}
	}
	switch m.contentType {
	case contentText:
		m.payload = g.textBody(base, m.view)
	case contentBytes, contentProtobuf:
		m.payload = &Schema{Type: Types{"string"}, Format: "binary", Description: "Bytes as they are."}
	default:
		m.payload = g.reflector.body(t, m.view)
	}
	if typeName(t) == "" || m.payload.Ref == "" {
		m.name, m.title = op.baseName(), op.messageTitle("")
	}
}

var messageType = reflect.TypeFor[*parley.Message]()

func deref(t reflect.Type) reflect.Type {
	base, _ := indirect(t)
	return base
}

// textBody describes a body that is the text itself.
func (g *generator) textBody(t reflect.Type, v view) *Schema {
	if t.PkgPath() != "" {
		return g.reflector.value(t, v)
	}
	return &Schema{Type: Types{"string"}}
}

// headersOf describes the headers that an annotated input reads.
func (g *generator) headersOf(op *operationPlan) *Schema {
	if len(op.Headers) == 0 {
		return nil
	}
	s := &Schema{Type: Types{"object"}}
	for _, h := range op.Headers {
		s.Properties = append(s.Properties, Property{h.Name, g.reflector.value(h.Type, input)})
		if !h.Optional {
			s.Required = append(s.Required, h.Name)
		}
	}
	return s
}

// nameAll gives messages, channels and operations their keys.
func (g *generator) nameAll(schemas map[string]*Schema) {
	taken := map[string]bool{}
	for _, id := range sortedKeys(g.messages) {
		m := g.messages[id]
		name := m.name
		if name == "" && m.payload != nil {
			name = strings.TrimPrefix(m.payload.Ref, schemasPrefix)
		}
		if name == "" {
			name = typeName(m.goType)
		}
		if taken[name] && m.correlated {
			name += "Reply"
		}
		m.key = unique(taken, name)
		g.doc.Components.Messages[m.key] = g.messageObject(m)
	}
	taken = map[string]bool{}
	for _, c := range g.channels {
		name := camel(c.address, false)
		if taken[name] && c.exchange != nil {
			name += camel(c.exchange.Name, true)
		}
		c.key = unique(taken, identifier(name))
	}
	g.nameOperations()
}

// identifier makes a name of a text that may begin with a digit.
func identifier(s string) string {
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		return "x" + s
	}
	return s
}

// messageObject writes a message.
func (g *generator) messageObject(m *messagePlan) *Message {
	out := &Message{
		Name: m.key, Title: m.title, Description: m.description, ContentType: m.contentType,
		Headers: m.headers, Payload: m.foreign,
	}
	if out.Title == "" {
		out.Title = sentence(m.key)
	}
	if m.foreign == nil {
		out.Payload = &Payload{Schema: m.payload}
	}
	if m.correlated {
		out.CorrelationID = &CorrelationID{Ref: "#/components/correlationIds/amqp"}
		g.doc.Components.CorrelationIDs = map[string]*CorrelationID{"amqp": {
			Location: "$message.header#/correlationId", Description: "The AMQP property correlation-id.",
			Extensions: Extensions{ExtProperty: "correlation-id"},
		}}
	}
	return out
}
