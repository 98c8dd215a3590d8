package parleyotel

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-go/parley"
)

// operation is what an app does at one address, with all that is the same for
// each of its messages.
type operation struct {
	*telemetry
	spanName string
	// duration is the histogram of the operation's kind.
	duration metric.Float64Histogram
	// start are the options of its spans. Nobody may append to it in place.
	start []trace.SpanStartOption
	// shared are the attributes of its metrics.
	shared []attribute.KeyValue
	// byError are the labels by error.type; the keys are bounded.
	byError sync.Map
}

// labels are the attributes of a measurement, made once.
type labels struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

func (t *telemetry) newOperation(op *parley.Operation, name string, kind trace.SpanKind, duration metric.Float64Histogram) *operation {
	where := destination(op)
	shared := append(destinationAttributes(op, where), systemKey.String(t.system), operationNameKey.String(name), operationType(op))
	return &operation{
		telemetry: t,
		spanName:  name + " " + where,
		duration:  duration,
		shared:    shared,
		start: []trace.SpanStartOption{
			trace.WithSpanKind(kind),
			trace.WithAttributes(append(slices.Clip(shared), spanAttributes(op)...)...),
		},
	}
}

func operationType(op *parley.Operation) attribute.KeyValue {
	if op.Action == parley.Receive {
		return typeProcess
	}
	return typeSend
}

// labelled returns the labels of an outcome.
func (o *operation) labelled(errorType string) *labels {
	if l, ok := o.byError.Load(errorType); ok {
		return l.(*labels)
	}
	// A set sorts what it is made of where it stands.
	attributes := slices.Clone(o.shared)
	if errorType != "" {
		attributes = append(attributes, errorTypeKey.String(errorType))
	}
	set := metric.WithAttributeSet(attribute.NewSet(attributes...))
	l, _ := o.byError.LoadOrStore(errorType, &labels{add: []metric.AddOption{set}, record: []metric.RecordOption{set}})
	return l.(*labels)
}

// span is one operation under way.
type span struct {
	trace.Span
	operation *operation
	begin     time.Time
}

// begin starts a span. links are what it has to do with besides its parent.
func (o *operation) begin(ctx context.Context, more ...trace.SpanStartOption) (context.Context, span) {
	opts := o.start
	if len(more) > 0 {
		opts = append(slices.Clip(opts), more...)
	}
	s := span{operation: o, begin: time.Now()}
	ctx, s.Span = o.tracer.Start(ctx, o.spanName, opts...) //nolint:spancheck // end ends it
	return ctx, s
}

// end records how it came out; errorType is empty for a success.
func (s *span) end(ctx context.Context, errorType string) {
	s.operation.duration.Record(ctx, time.Since(s.begin).Seconds(), s.operation.labelled(errorType).record...)
	if errorType != "" && s.IsRecording() {
		// The text of an error may hold anything: it stays in the log.
		s.SetStatus(codes.Error, "")
		s.SetAttributes(errorTypeKey.String(errorType))
	}
	s.End()
}
