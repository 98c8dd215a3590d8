package asyncapi

import (
	"reflect"
	"strings"

	"github.com/parley-go/parley"
)

// operationPlan is an operation and what it exchanges.
type operationPlan struct {
	*parley.Operation
	id      string
	title   string
	channel *channelPlan
	message *messagePlan
	// opens announces a stream of messages, and items are its frames; nil where
	// there is none.
	opens *messagePlan
	items []*messagePlan
	// answers are the messages of its reply, nil without one.
	answers []*messagePlan
}

// replies reports whether the operation's document tells of an answer: a
// subscriber of a queue always gives one, and so does who answers later or reads
// a stream; an event's subscriber when it returns a value, a sender when it
// declares what it waits for.
func (op *operationPlan) replies() bool {
	if op.Action == parley.Send {
		return op.ReplyType != nil
	}
	if op.Subscription != nil && op.Subscription.Exchange != nil {
		return op.Output != nil && op.Replies || op.Later || op.Upload
	}
	return true
}

// result is the type of the answer, nil where there is none.
func (op *operationPlan) result() reflect.Type {
	switch {
	case op.Action == parley.Send:
		return op.ReplyType
	case op.Replies:
		return op.Output
	default:
		return nil
	}
}

// functionName is the handler's own name, "" for a function literal.
func (op *operationPlan) functionName() string {
	name := op.Function[strings.LastIndexByte(op.Function, '/')+1:]
	return name[strings.LastIndexByte(name, '.')+1:]
}

// baseName is what messages without a named type are called after.
func (op *operationPlan) baseName() string {
	if name := op.functionName(); name != "" {
		return upperFirst(name)
	}
	return identifier(camel(op.Address, true))
}

// addressTitle is what an operation without a function's name is called: by the
// words of its address.
func (op *operationPlan) addressTitle() string {
	return sentence(strings.Join(words(op.Address), " "))
}

// messageTitle is the title of a message that is named by baseName; "" leaves it
// to the name.
func (op *operationPlan) messageTitle(suffix string) string {
	if op.functionName() != "" {
		return ""
	}
	return op.addressTitle() + suffix
}

// planReply plans the answers: the result or none, and the error.
func (g *generator) planReply(op *operationPlan) {
	if op.Stream {
		g.planStream(op)
		return
	}
	result := op.result()
	if result != nil && result != noBodyType {
		m := &messagePlan{view: output, headers: op.resultHeaders(), correlated: true}
		g.bodyOf(m, result, op, op.ReplyContentType)
		switch {
		case m.name != "":
			m.name, m.title = op.baseName()+"Reply", op.messageTitle(" reply")
		case op.Upload:
			m.name = typeName(result) + "Result"
		}
		if !op.Upload && m.payload != nil && m.payload.isAny() {
			m.noFrame()
		}
		op.answers = append(op.answers, g.message(m))
	}
	if result == noBodyType && op.Action == parley.Send {
		m := &messagePlan{
			name: op.baseName() + "Reply", title: op.messageTitle(" reply"), view: output, headers: op.resultHeaders(), correlated: true,
			contentType: contentBytes, payload: &Schema{}, description: "The answer is waited for and not read.",
		}
		if !op.Upload {
			m.noFrame()
		}
		op.answers = append(op.answers, g.message(m))
	}
	if op.Action == parley.Receive && (result == nil || result.Kind() == reflect.Pointer || result.Kind() == reflect.Interface) {
		op.answers = append(op.answers, g.message(emptyMessage(op)))
	}
	if op.Upload {
		g.planGrants(op)
		op.answers = append(op.answers, g.message(streamError(op)))
		return
	}
	op.answers = append(op.answers, g.message(errorMessage(op)))
	g.planCancellable(op)
}

var noBodyType = reflect.TypeFor[parley.NoBody]()

// emptyMessage is the answer without a value.
func emptyMessage(op *operationPlan) *messagePlan {
	m := &messagePlan{
		name: "Empty", title: "No value", view: output, headers: op.resultHeaders(), correlated: true,
		contentType: contentJSON, payload: &Schema{Type: Types{"null"}},
		description: "An empty body without a content type: the operation was carried out and has no value. " +
			"Only a caller that waits gets it, or one that asks for it with the header " + parley.HeaderAnswer + ".",
	}
	if op.Upload {
		m.name = "EmptyResult"
	} else {
		m.noFrame()
	}
	return m
}

// toldTo says who gets an error reply: parley's own callers, and who asks for it.
const toldTo = "Sent to callers that say with the header " + parley.HeaderDeadline + " or " + parley.HeaderAnswer + " that they understand it."

// errorMessage describes what a waiting parley caller gets in place of a
// result. The declared codes are not enforced, so the schema takes others too.
func errorMessage(op *operationPlan) *messagePlan {
	code := &Schema{Type: Types{"string"}, Title: "Code", Description: "Classifies the error. The codes and their meanings are gRPC's."}
	m := &messagePlan{
		name: "RPCError", title: "RPC error", view: output, correlated: true, contentType: contentJSON,
		description: "The request failed. " + toldTo,
		headers: &Schema{
			Type: Types{"object"}, Required: []string{parley.HeaderError},
			Properties: Properties{{parley.HeaderError, &Schema{Type: Types{"string"}, Description: "The code."}}},
		},
		payload: errorSchema("RPCError", code),
	}
	codes := op.Errors
	if len(codes) > 0 {
		m.name, m.title = op.baseName()+"Error", op.messageTitle(" error")
		if m.title == "" {
			m.title = sentence(op.baseName()) + " error"
		}
		m.payload.Title = m.name
		m.description += " The operation declares the codes " + listCodes(codes) + "; besides, " + listCodes(builtinCodes) + " can come from the service as such."
	} else {
		codes = []parley.Code{parley.CodeInvalidArgument}
	}
	if op.Failure != nil && op.Failure.TellsAll {
		m.description = strings.Replace(m.description, toldTo, "Sent to every caller.", 1)
		m.name += "ToAll"
	}
	for _, c := range codes {
		code.Examples = append(code.Examples, string(c))
		m.examples = append(m.examples, Example{
			Name:    string(c),
			Headers: map[string]any{parley.HeaderError: string(c)},
			Payload: map[string]any{"code": string(c), "message": "what went wrong"},
		})
	}
	return m
}

// errorSchema is the body of an error.
func errorSchema(title string, code *Schema) *Schema {
	return &Schema{
		Title: title, Type: Types{"object"}, Required: []string{"code", "message"},
		Properties: Properties{
			{"code", code},
			{"message", &Schema{Type: Types{"string"}}},
			{"details", &Schema{Type: Types{"array"}, Items: &Schema{}, Description: "Further values of the handler."}},
		},
	}
}

// builtinCodes come without a handler's doing.
var builtinCodes = []parley.Code{parley.CodeInvalidArgument, parley.CodeUnknown, parley.CodeInternal, parley.CodeDeadlineExceeded, parley.CodeUnavailable}

func listCodes(codes []parley.Code) string {
	texts := make([]string, 0, len(codes))
	for _, c := range codes {
		texts = append(texts, string(c))
	}
	return strings.Join(texts, ", ")
}

// nameOperations gives every operation an id: the name of its function where
// there is one and it is free, else one made of the address.
func (g *generator) nameOperations() {
	count := map[string]int{}
	for _, op := range g.operations {
		if name := op.functionName(); name != "" && op.Action == parley.Receive {
			count[lowerFirst(name)]++
		}
	}
	taken := map[string]bool{}
	for _, op := range g.operations {
		if name := lowerFirst(op.functionName()); name != "" && op.Action == parley.Receive && count[name] == 1 {
			op.id = unique(taken, identifier(camel(name, false)))
			op.title = sentence(op.id)
		}
	}
	for _, op := range g.operations {
		if op.id != "" {
			continue
		}
		verb := "send"
		op.title = "Send " + lowerFirst(op.addressTitle())
		if op.Action == parley.Receive {
			verb, op.title = "receive", op.addressTitle()
		}
		op.id = unique(taken, verb+camel(op.channel.address, true))
	}
}

// operation writes an operation.
func (g *generator) operation(op *operationPlan) *Operation {
	out := &Operation{
		Action:   Action(op.Action),
		Title:    op.title,
		Channel:  Ref{"#/channels/" + op.channel.key},
		Messages: []Ref{op.channel.ref(op.message)},
	}
	out.Summary, out.Description = op.texts(g.comments)
	if op.answers != nil {
		out.Reply = g.reply(op)
	}
	out.Extensions = Extensions{}
	if op.Upload {
		out.Messages = append(out.Messages, op.channel.ref(op.opens))
		out.Extensions[ExtRequestMode], out.Extensions[ExtItems] = streamMode, g.itemsChannel(op)
	}
	if op.Action == parley.Send {
		out.Bindings = &OperationBindings{AMQP: &AMQPOperation{DeliveryMode: 2, BindingVersion: BindingVersion}}
		out.Extensions.mark(ExtGathers, op.Gathers)
		out.Extensions.mark(ExtCancellable, op.Cancellable)
		return out
	}
	out.Bindings = &OperationBindings{AMQP: &AMQPOperation{Ack: true, BindingVersion: BindingVersion}}
	if op.Failure != nil {
		out.Bindings.AMQP.Ack = op.Failure.Acknowledge != parley.AcknowledgeFirst
	}
	out.Extensions[ExtConsumer] = map[string]any{"concurrency": op.Concurrency, "prefetch": op.Prefetch, "maxBody": op.MaxBody}
	if retry := retryExtension(op.Failure); len(retry) > 0 {
		out.Extensions[ExtRetry] = retry
	}
	if op.Function != "" {
		out.Extensions[ExtHandler] = op.Handler
	}
	if op.Subscription != nil && op.Subscription.Exchange != nil {
		out.Extensions[ExtQueue] = queueExtension(op.Subscription)
	}
	return out
}

// texts are what the declaration says of the operation, else the comment of its
// handler.
func (op *operationPlan) texts(comments Comments) (summary, description string) {
	summary, description = firstSentence(comments.ofFunction(op.Function))
	if op.Summary != "" {
		summary, description = op.Summary, op.Description
	} else if op.Description != "" {
		description = op.Description
	}
	return summary, description
}

// retryExtension says how often a failed message is tried, and what then.
func retryExtension(p *parley.FailurePolicy) map[string]any {
	if p == nil {
		return nil
	}
	retry := map[string]any{"then": p.End.String()}
	if p.Immediate > 0 {
		retry["immediate"] = p.Immediate
	}
	if len(p.Delays) > 0 {
		delays := make([]string, 0, len(p.Delays))
		for _, d := range p.Delays {
			delays = append(delays, d.String())
		}
		retry["delays"] = delays
	}
	if p.Acknowledge != parley.AcknowledgeLast {
		retry["acknowledge"] = string(p.Acknowledge)
	}
	return retry
}

func (c *channelPlan) ref(m *messagePlan) Ref {
	return Ref{"#/channels/" + c.key + "/messages/" + m.key}
}

// keyBeside is the key of a further channel of an operation.
func (g *generator) keyBeside(op *operationPlan, suffix string) string {
	key := op.channel.key + suffix
	for n := 1; g.doc.Channels[key] != nil; n++ {
		key = op.id + suffix
		if n > 1 {
			key += itoa(n)
		}
	}
	return key
}

// reply writes the reply of an operation and the channel that it comes on.
func (g *generator) reply(op *operationPlan) *Reply {
	replies := &channelPlan{key: g.keyBeside(op, "Reply")}
	channel := &Channel{Messages: map[string]*Message{}}
	out := &Reply{
		Address: &ReplyAddress{
			Location: "$message.header#/replyTo", Description: "The AMQP property reply-to: a queue of the caller, or a direct reply-to address.",
			Extensions: Extensions{ExtProperty: "reply-to"},
		},
		Channel: &Ref{"#/channels/" + replies.key},
	}
	for _, m := range op.answers {
		channel.Messages[m.key] = &Message{Ref: "#/components/messages/" + m.key}
		out.Messages = append(out.Messages, replies.ref(m))
	}
	out.Extensions = Extensions{}
	if len(op.Errors) > 0 {
		codes := make([]string, 0, len(op.Errors))
		for _, c := range op.Errors {
			codes = append(codes, string(c))
		}
		out.Extensions[ExtErrors] = codes
	}
	switch {
	case op.Stream:
		out.Extensions[ExtReplyMode] = streamMode
	case op.Later:
		out.Extensions[ExtReplyMode] = laterMode
		out.Address.Description += " The reply may come long after the request, in hours or days: name a queue that outlives the process that asks."
	}
	g.doc.Channels[replies.key] = channel
	return out
}
