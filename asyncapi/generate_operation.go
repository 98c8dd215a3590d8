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
	channel *channelPlan
	message *messagePlan
	// answers are the messages of its reply, nil without one.
	answers []*messagePlan
}

// replies reports whether the operation's document tells of an answer: a
// subscriber of a queue always gives one, an event's subscriber when it returns
// a value, a sender when it declares what it waits for.
func (op *operationPlan) replies() bool {
	if op.Action == parley.Send {
		return op.Output != nil
	}
	if op.Subscription != nil && op.Subscription.Exchange != nil {
		return op.Output != nil && op.Replies
	}
	return true
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

// planReply plans the answers: the result or none, and the error.
func (g *generator) planReply(op *operationPlan) {
	noError := &Schema{Type: Types{"object"}, Properties: Properties{{parley.HeaderError, &Schema{Bool: new(false)}}}}
	if op.Output != nil && (op.Action == parley.Send || op.Replies) {
		m := &messagePlan{view: output, headers: noError, correlated: true}
		g.bodyOf(m, op.Output, op)
		if m.name != "" {
			m.name = op.baseName() + "Reply"
		}
		op.answers = append(op.answers, g.message(m))
	}
	if op.Action == parley.Receive && (op.Output == nil || !op.Replies || op.Output.Kind() == reflect.Pointer || op.Output.Kind() == reflect.Interface) {
		op.answers = append(op.answers, g.message(&messagePlan{
			name: "Empty", title: "No value", view: output, headers: noError, correlated: true,
			contentType: contentJSON, payload: &Schema{Type: Types{"null"}},
			description: "An empty body without a content type: the operation was carried out and has no value. Only a caller that waits gets it.",
		}))
	}
	op.answers = append(op.answers, g.message(g.errorMessage(op)))
}

// errorMessage describes what a waiting parley caller gets in place of a result.
func (g *generator) errorMessage(_ *operationPlan) *messagePlan {
	code := &Schema{Type: Types{"string"}, Title: "Code", Description: "Classifies the error. The codes and their meanings are gRPC's."}
	return &messagePlan{
		name: "RPCError", title: "RPC error", view: output, correlated: true, contentType: contentJSON,
		description: "The request failed. Sent to callers that say with the header " + parley.HeaderDeadline + " that they understand it.",
		headers: &Schema{
			Type: Types{"object"}, Required: []string{parley.HeaderError},
			Properties: Properties{{parley.HeaderError, &Schema{Type: Types{"string"}, Description: "The code."}}},
		},
		payload: &Schema{
			Title: "RPCError", Type: Types{"object"}, Required: []string{"code", "message"},
			Properties: Properties{
				{"code", code},
				{"message", &Schema{Type: Types{"string"}}},
				{"details", &Schema{Type: Types{"array"}, Items: &Schema{}, Description: "Further values of the handler."}},
			},
		},
		examples: []Example{{
			Name:    "invalid",
			Headers: map[string]any{parley.HeaderError: string(parley.CodeInvalidArgument)},
			Payload: map[string]any{"code": string(parley.CodeInvalidArgument), "message": "body: the rule was broken"},
		}},
	}
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
		}
	}
	for _, op := range g.operations {
		if op.id != "" {
			continue
		}
		verb := "send"
		if op.Action == parley.Receive {
			verb = "receive"
		}
		op.id = unique(taken, verb+camel(op.channel.address, true))
	}
}

// operation writes an operation.
func (g *generator) operation(op *operationPlan) *Operation {
	out := &Operation{
		Action:   Action(op.Action),
		Title:    sentence(op.id),
		Channel:  Ref{"#/channels/" + op.channel.key},
		Messages: []Ref{op.channel.ref(op.message)},
	}
	out.Summary, out.Description = firstSentence(g.comments.ofFunction(op.Function))
	if op.answers != nil {
		out.Reply = g.reply(op)
	}
	if op.Action == parley.Send {
		out.Bindings = &OperationBindings{AMQP: &AMQPOperation{DeliveryMode: 2, BindingVersion: BindingVersion}}
		return out
	}
	out.Bindings = &OperationBindings{AMQP: &AMQPOperation{Ack: true, BindingVersion: BindingVersion}}
	out.Extensions = Extensions{
		ExtConsumer: map[string]any{"concurrency": op.Concurrency, "prefetch": op.Prefetch, "maxBody": op.MaxBody},
	}
	if op.Function != "" {
		out.Extensions[ExtHandler] = op.Handler
	}
	if op.Subscription != nil && op.Subscription.Exchange != nil {
		out.Extensions[ExtQueue] = queueExtension(op.Subscription)
	}
	return out
}

func (c *channelPlan) ref(m *messagePlan) Ref {
	return Ref{"#/channels/" + c.key + "/messages/" + m.key}
}

// reply writes the reply of an operation and the channel that it comes on.
func (g *generator) reply(op *operationPlan) *Reply {
	replies := &channelPlan{key: op.channel.key + "Reply"}
	if _, taken := g.doc.Channels[replies.key]; taken {
		replies.key = op.id + "Reply"
	}
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
	g.doc.Channels[replies.key] = channel
	return out
}
