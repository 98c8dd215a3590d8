package parleyotel

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/parley-go/parley"
)

// sending wraps what a publisher or a forwarded result sends.
type sending struct {
	publish, request *operation
}

func (t *telemetry) sending(op *parley.Operation) *sending {
	name := publish
	if op.Later {
		name = reply
	}
	return &sending{
		publish: t.newOperation(op, name, trace.SpanKindProducer, t.instruments.duration),
		request: t.newOperation(op, request, trace.SpanKindClient, t.instruments.duration),
	}
}

func (s *sending) around(next parley.Handler) parley.Handler {
	return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
		o := s.publish
		if parley.Waiting(ctx) {
			o = s.request
		}
		ctx, span := o.origin(ctx, m)
		o.propagator.Inject(ctx, carrier{m})
		answer, err := next(ctx, m)
		errorType := sendError(answer, err)
		if left(err) {
			o.instruments.sent.Add(ctx, 1, o.labelled(errorType).add...)
		}
		if span.IsRecording() {
			// A request gets its correlation id on the way.
			span.SetAttributes(ids(m)...)
		}
		if stream, ok := parley.StreamFrom(ctx); ok && err == nil {
			span.follow(ctx, stream)
			return answer, nil
		}
		span.end(ctx, errorType)
		return answer, err
	}
}

// origin begins the span of a message that is sent. What the message carries
// already is a link; where ctx has no span it is the parent: a result is sent
// when the run that made it is over.
func (o *operation) origin(ctx context.Context, m *parley.Message) (context.Context, span) {
	if len(m.Headers) == 0 {
		return o.begin(ctx)
	}
	ambient := trace.SpanContextFromContext(ctx)
	carried := o.propagator.Extract(ctx, carrier{m})
	creation := trace.SpanContextFromContext(carried)
	switch {
	case !creation.IsValid() || creation.Equal(ambient):
		return o.begin(ctx)
	case ambient.IsValid():
		return o.begin(ctx, trace.WithLinks(trace.Link{SpanContext: creation}))
	default:
		return o.begin(carried)
	}
}
