package parleyotel

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-go/parley"
)

// receiving wraps the handling of a subscriber.
type receiving struct {
	server, consumer *operation
	// forwards says that results are sent on, besides a reply.
	forwards bool
	// immediate and delayed are the labels of runs that repeat one.
	immediate, delayed []metric.AddOption
}

func (t *telemetry) receiving(op *parley.Operation) *receiving {
	r := &receiving{
		server:   t.newOperation(op, process, trace.SpanKindServer, t.instruments.process),
		consumer: t.newOperation(op, process, trace.SpanKindConsumer, t.instruments.process),
		forwards: op.Forwards > 0,
	}
	retry := func(immediate bool) []metric.AddOption {
		return []metric.AddOption{
			metric.WithAttributes(r.consumer.shared...), metric.WithAttributes(immediateKey.Bool(immediate)),
		}
	}
	r.immediate, r.delayed = retry(true), retry(false)
	return r
}

func (r *receiving) around(next parley.Handler) parley.Handler {
	return func(ctx context.Context, m *parley.Message) (answer *parley.Message, err error) {
		waiting := parley.Waiting(ctx)
		o := r.consumer
		if waiting {
			o = r.server
		}
		attempt, _ := parley.AttemptFrom(ctx)
		ctx, span := o.arrival(ctx, m, waiting)
		r.count(ctx, o, attempt)
		if span.IsRecording() {
			span.SetAttributes(append(ids(m), attemptKey.Int(attempt.Number))...)
		}
		stream, streams := parley.StreamFrom(ctx)
		if streams {
			o.flow.begin(stream)
		}
		// A panic is not recovered here, so that its stack stays whole.
		errorType := string(parley.CodeInternal)
		defer func() {
			o.instruments.active.Add(ctx, -1, o.labelled("").add...)
			if streams {
				span.count(stream)
			}
			span.end(ctx, errorType)
		}()
		answer, err = next(ctx, m)
		errorType = processError(err)
		if answer != nil && err == nil && (r.forwards || !waiting) {
			answer = o.stamp(ctx, answer, m)
		}
		return answer, err
	}
}

// count counts a run that begins.
func (r *receiving) count(ctx context.Context, o *operation, a parley.Attempt) {
	plain := o.labelled("").add
	o.instruments.active.Add(ctx, 1, plain...)
	if a.InDelivery <= 1 {
		o.instruments.consumed.Add(ctx, 1, plain...)
	}
	switch {
	case a.InDelivery > 1:
		o.instruments.retries.Add(ctx, 1, r.immediate...)
	case a.Number > 1:
		o.instruments.retries.Add(ctx, 1, r.delayed...)
	}
}

// arrival begins the span of a message that is handled.
func (o *operation) arrival(ctx context.Context, m *parley.Message, waiting bool) (context.Context, span) {
	if len(m.Headers) == 0 {
		return o.begin(ctx)
	}
	ambient := trace.SpanContextFromContext(ctx)
	reader := ctx
	if o.public {
		reader = context.Background()
	}
	carried := o.propagator.Extract(reader, carrier{m})
	creation := trace.SpanContextFromContext(carried)
	if o.public {
		carried = ctx
	}
	link := trace.WithLinks(trace.Link{SpanContext: creation})
	switch {
	case !creation.IsValid() || creation.Equal(ambient):
		return o.begin(carried)
	case o.public || !waiting && !o.children:
		if ambient.IsValid() {
			return o.begin(trace.ContextWithSpan(carried, trace.SpanFromContext(ctx)), link)
		}
		return o.begin(carried, link, trace.WithNewRoot())
	case ambient.IsValid():
		return o.begin(carried, link, trace.WithLinks(trace.Link{SpanContext: ambient}))
	case waiting:
		return o.begin(carried)
	default:
		return o.begin(carried, link)
	}
}

// stamp returns a result with the context of the run that made it, for whoever
// it is sent to when the run is over. The handler may hold what it returned, so
// it is a copy; of its own input parley takes only the body.
func (o *operation) stamp(ctx context.Context, answer, input *parley.Message) *parley.Message {
	out := *answer
	if answer == input {
		out = parley.Message{Body: input.Body, ContentType: input.ContentType, ContentEncoding: input.ContentEncoding}
	}
	out.Headers = out.Headers.Clone()
	o.propagator.Inject(ctx, carrier{&out})
	return &out
}

// ids identify a message on a span, as in the log.
func ids(m *parley.Message) []attribute.KeyValue {
	all := make([]attribute.KeyValue, 0, 3)
	if m.ID != "" {
		all = append(all, messageIDKey.String(m.ID))
	}
	if m.CorrelationID != "" {
		all = append(all, conversationIDKey.String(m.CorrelationID))
	}
	return all
}
