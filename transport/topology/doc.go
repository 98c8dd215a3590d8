// Package topology describes exchanges, queues and bindings as plain values.
//
// The values say what a subscriber owns at the broker; nothing here talks to
// one. An app carries them from a registration to its transport:
//
//	parley.From(topology.Topic("orders"), topology.Queue("audit"), topology.Quorum())
//
// [Resolve] turns an address and such values into a [Subscription], in which
// every name is decided. It is the same for every broker that understands
// exchanges and queues.
package topology
