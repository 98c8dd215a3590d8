package asyncapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi/internal/ui"
)

// viewer says a document in the words of the page.
type viewer struct {
	doc *Document
	g   *generator
	try bool
	// sent says that what is being shown leaves the service, where nobody
	// checks the rules of validate tags.
	sent bool
}

// view is what the page shows.
func (g *generator) view(try bool) *ui.Page {
	v := &viewer{doc: g.doc, g: g, try: try}
	info := g.doc.Info
	p := &ui.Page{
		Title: info.Title, Version: info.Version, About: ui.Text(info.Description),
		Facts: infoFacts(info), Servers: v.servers(), Try: try,
	}
	receives := ui.Group{Title: "Receives", Note: "what the service takes and answers"}
	sends := ui.Group{Title: "Sends", Note: "what the service publishes and asks for"}
	for i, op := range g.operations {
		shown := v.operation(i, op)
		if op.Action == parley.Receive {
			receives.Operations = append(receives.Operations, shown)
		} else {
			sends.Operations = append(sends.Operations, shown)
		}
	}
	for _, group := range []ui.Group{receives, sends} {
		if len(group.Operations) > 0 {
			p.Groups = append(p.Groups, group)
		}
	}
	if g.doc.Components != nil {
		checked := v.checked()
		for _, name := range sortedKeys(g.doc.Components.Schemas) {
			v.sent = !checked[name]
			p.Schemas = append(p.Schemas, ui.Schema{ID: schemaID(name), Name: name, Value: v.value(g.doc.Components.Schemas[name], 1)})
		}
	}
	return p
}

func infoFacts(info Info) []ui.Link {
	var facts []ui.Link
	add := func(label, text, to string) {
		if !ui.WebAddress(to) && !strings.HasPrefix(to, "mailto:") {
			to = ""
		}
		if text != "" {
			facts = append(facts, ui.Link{Label: label, Text: text, To: to})
		}
	}
	if c := info.Contact; c != nil {
		to := c.URL
		if c.Email != "" {
			to = "mailto:" + c.Email
		}
		add("Contact", first(c.Name, c.Email, c.URL), to)
	}
	if l := info.License; l != nil {
		add("Licence", l.Name, l.URL)
	}
	if d := info.ExternalDocs; d != nil {
		add("More", first(d.Description, d.URL), d.URL)
	}
	add("Terms", info.TermsOfService, info.TermsOfService)
	return facts
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (v *viewer) servers() []ui.Server {
	var all []ui.Server
	for _, name := range sortedKeys(v.doc.Servers) {
		s := v.doc.Servers[name]
		all = append(all, ui.Server{Name: name, Address: s.Protocol + "://" + s.Host + s.Pathname, Note: first(s.Summary, s.Description)})
	}
	return all
}

func (v *viewer) operation(at int, op *operationPlan) ui.Operation {
	o := v.doc.Operations[op.id]
	_, channel := v.doc.Channel(o.Channel)
	shown := ui.Operation{
		ID: op.id, Title: first(o.Title, op.id), Action: string(o.Action), Verb: verb(op, o),
		Address: addressWords(op.channel.address), Summary: o.Summary, About: ui.Text(o.Description),
		Parameters: parameters(channel, op), Facts: operationFacts(op),
		Flow: v.flow(at, op), Try: v.try && op.message.foreign == nil, ManyGives: op.Upload, ManyGets: op.Stream || op.Gathers,
		Cancellable: op.Cancellable,
	}
	if e := op.channel.exchange; e != nil {
		shown.Exchange = fmt.Sprintf("%s exchange %s", e.Kind, e.Name)
	}
	for _, ref := range o.Messages {
		if _, m := v.doc.Message(ref); m != nil {
			message := v.message(m, op.Action == parley.Receive)
			if message.Frame = op.isFrame(ref); !message.Frame {
				shown.Gives = append(shown.Gives, v.glance(m))
			}
			shown.Messages = append(shown.Messages, message)
		}
	}
	for _, item := range op.items {
		message := v.message(v.doc.Components.Messages[item.key], op.Action == parley.Receive)
		message.Frame = true
		shown.Messages = append(shown.Messages, message)
	}
	if o.Reply != nil {
		for _, ref := range o.Reply.Messages {
			_, m := v.doc.Message(ref)
			if m == nil {
				continue
			}
			reply := v.message(m, op.Action == parley.Send)
			reply.Failure, reply.Frame = isFailure(m), op.isFrame(ref)
			if !reply.Failure && !reply.Frame {
				shown.Gets = append(shown.Gets, v.glance(m))
			}
			shown.Replies = append(shown.Replies, reply)
		}
		shown.Gets = between(shown.Gets, " or ")
		for _, c := range op.Errors {
			shown.Errors = append(shown.Errors, ui.Code{Name: string(c), Meaning: meanings[c]})
		}
	}
	return shown
}

// isFrame reports whether a message or a reply is a frame without a value.
func (op *operationPlan) isFrame(ref Ref) bool {
	is := func(m *messagePlan) bool { return m.frame && strings.HasSuffix(ref.Ref, "/messages/"+m.key) }
	return op.opens != nil && is(op.opens) || slices.ContainsFunc(op.answers, is)
}

func between(links []ui.Link, text string) []ui.Link {
	var out []ui.Link
	for i, l := range links {
		if i > 0 {
			out = append(out, ui.Link{Text: text})
		}
		out = append(out, l)
	}
	return out
}

func verb(op *operationPlan, o *Operation) string {
	switch {
	case op.Stream && op.Upload:
		return "streams both ways"
	case op.Stream, op.Upload && op.Action == parley.Send:
		return "streams"
	case op.Upload:
		return "collects"
	case op.Later:
		return "answers later"
	case op.Gathers:
		return "asks many"
	case op.Action == parley.Receive && o.Reply != nil:
		return "answers"
	case op.Action == parley.Receive:
		return "listens"
	case o.Reply != nil:
		return "asks"
	default:
		return "publishes"
	}
}

// isFailure reports whether a message is an error reply: those carry its code.
func isFailure(m *Message) bool {
	if m.Headers == nil {
		return false
	}
	for _, name := range m.Headers.Required {
		if name == parley.HeaderError {
			return true
		}
	}
	return false
}

func addressWords(address string) []ui.Word {
	var words []ui.Word
	for address != "" {
		open := strings.IndexByte(address, '{')
		shut := strings.IndexByte(address, '}')
		if open < 0 || shut < open {
			return append(words, ui.Word{Text: address})
		}
		if open > 0 {
			words = append(words, ui.Word{Text: address[:open]})
		}
		words = append(words, ui.Word{Text: address[open : shut+1], Parameter: true})
		address = address[shut+1:]
	}
	return words
}

func parameters(c *Channel, op *operationPlan) []ui.Property {
	var all []ui.Property
	for _, name := range op.Parameters {
		p := c.Parameters[name]
		if p == nil {
			continue
		}
		shown := ui.Property{Name: name, Required: true, Value: ui.Value{About: ui.Text(p.Description), Choices: p.Enum, Default: p.Default}}
		if len(p.Examples) > 0 {
			shown.Example = p.Examples[0]
		}
		all = append(all, shown)
	}
	return all
}

// operationFacts are how a subscriber works, and how a sender asks.
func operationFacts(op *operationPlan) []ui.Fact {
	var facts []ui.Fact
	if op.Gathers {
		facts = append(facts, ui.Fact{Name: "answers", Text: "of several responders"})
	}
	if op.Cancellable {
		facts = append(facts, ui.Fact{Name: "when it gives up", Text: "tells the responder"})
	}
	if op.Action != parley.Receive {
		return facts
	}
	facts = []ui.Fact{
		{Name: "at once", Text: fmt.Sprint(op.Concurrency)},
		{Name: "prefetch", Text: fmt.Sprint(op.Prefetch)},
		{Name: "largest body", Text: byteSize(op.MaxBody)},
	}
	if p := op.Failure; p != nil {
		facts = append(facts, ui.Fact{Name: "acknowledged", Text: string(p.Acknowledge)})
	}
	return facts
}

func byteSize(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}

// meanings says what a code tells its caller.
var meanings = map[parley.Code]string{
	parley.CodeCanceled:           "the caller gave up",
	parley.CodeUnknown:            "the handler failed without saying how",
	parley.CodeInvalidArgument:    "the message is malformed",
	parley.CodeDeadlineExceeded:   "time ran out",
	parley.CodeNotFound:           "what the message names does not exist",
	parley.CodeAlreadyExists:      "what the message would create exists",
	parley.CodePermissionDenied:   "the caller may not do this",
	parley.CodeResourceExhausted:  "a quota or a resource is used up",
	parley.CodeFailedPrecondition: "the system is not in the state that this needs",
	parley.CodeAborted:            "a conflict with something concurrent",
	parley.CodeOutOfRange:         "past the valid range",
	parley.CodeUnimplemented:      "not supported here",
	parley.CodeInternal:           "the service is broken",
	parley.CodeUnavailable:        "the service cannot do it now",
	parley.CodeDataLoss:           "data are lost or corrupt",
	parley.CodeUnauthenticated:    "the caller did not say who it is",
}
