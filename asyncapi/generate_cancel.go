package asyncapi

import "github.com/parley-go/parley"

// planCancellable plans the frames that come to a sender which announces its
// requests, so that they can be called off. A responder's document is without
// them: they come to nobody else, and each of its replies would list them.
func (g *generator) planCancellable(op *operationPlan) {
	if !op.Cancellable {
		return
	}
	instance := Property{parley.HeaderInstance, &Schema{Type: Types{"string"}, Description: "Who asks: one subscriber in one run of the responder."}}
	op.answers = append(
		op.answers,
		g.message(frame("RequestOpen", "Open", "open",
			"The responder asks, before its handler runs, whether the request is still wanted. Its property reply-to is where the "+
				"frames credit, which lets it run, and cancel go. Its body is empty.",
			beatHeader(), instance)),
		g.message(frame("RequestBeat", "Beat", "beat", "A sign of life while the request waits for the handler, or runs. Its body is empty.",
			seqHeader(0, "0: the reply has no items."))),
	)
}

// noFrame adds to the headers of a result that an empty body fits that it is no
// frame: those are empty too.
func (m *messagePlan) noFrame() {
	m.headers.Properties = append(m.headers.Properties, absent(parley.HeaderStreamFrame))
}
