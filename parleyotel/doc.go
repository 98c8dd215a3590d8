// Package parleyotel traces and measures an app with OpenTelemetry, after its
// semantic conventions for messaging, version 1.43.0.
//
//	app := parley.New(rabbitmq.New(url), parley.Info("orders", "1.4.0"))
//	if err := parleyotel.Instrument(app); err != nil {
//		return err
//	}
//
// It uses the global providers and the global propagator, or those that the
// options name. The trace context and the baggage travel in the headers
// traceparent, tracestate and baggage where the propagator is the W3C's. parley
// keeps them through delayed retries, error queues and replays.
//
// Spans:
//
//   - "publish <destination>", a producer span, for each message that is
//     published or forwarded by [parley.PublishTo]. In a batch it covers the
//     sending and not the confirm.
//   - "request <destination>", a client span, from sending to the reply; of a
//     stream to the end of its loop, of a [parley.Gather] to the end of the answers,
//     with how many items went each way.
//   - "reply", a producer span, for each [parley.Reply] and [parley.ReplyError].
//   - "process <destination>" for each run of a handler: with a caller that
//     waits a server span and the child of the request's span, otherwise a
//     consumer span that begins a trace of its own, linked to the publish span
//     (see [EventsAsChildren]). Time in a queue or in memory before a run has no
//     span.
//
// A destination is named as the conventions say for RabbitMQ, by exchange,
// routing key and, where messages are received, queue, with {parameters} in
// place of what fills them. Neither spans nor metrics hold bodies, headers,
// error texts or filled addresses; ids stand on spans alone. The metrics and
// all attributes are listed in docs/observability.md of the repository.
//
// Conventions for messaging are still in development and will change; their
// names are in one file here.
package parleyotel
