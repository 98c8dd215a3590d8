// Package transport is the contract between parley and a message broker.
//
// A [Transport] connects; a [Conn] subscribes, publishes, makes requests and
// closes. What only some brokers can do is an optional interface found by
// assertion: [ReplyClassifier], [DurableReplies], [Inboxes], [NativeMessages],
// [QueueDeclarer], [QueueInspector], [TopologyChecker].
//
// # Rules for implementations
//
// A transport is quiet, bounded and self-healing:
//
//   - It reconnects for ever after a lost connection and consumes again what
//     was subscribed; callers see an outage only as waiting or as an error of
//     the call in hand.
//   - Every method returns by the end of its context or by Close, whatever the
//     broker does.
//   - It settles each delivery exactly once, with the [Verdict] that the
//     handler returned, on the session that delivered it. A delivery whose
//     session is gone is not settled: the broker delivers it again.
//   - An error never contains a credential. [Transport.String] is safe to log.
//
// The conformance suite in testing/transporttest holds an implementation to
// these sentences.
package transport
