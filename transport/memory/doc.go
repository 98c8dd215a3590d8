// Package memory is a message broker inside the process, with the semantics of
// AMQP 0-9-1 as RabbitMQ has them.
//
// A [Broker] is a [transport.Transport]. Apps that are given the same Broker
// talk to each other; two Brokers are two worlds:
//
//	broker := memory.New()
//	app := parley.New(broker, parley.Info("orders", "1.0.0"))
//
// It knows the default, direct, fanout, topic and headers exchanges; durable,
// exclusive and auto-deleted queues; competing consumers with prefetch;
// redelivery, dead-lettering, time to live, length limits, priorities, single
// active consumers and delivery limits; mandatory returns; CC and BCC headers;
// and three kinds of reply addresses. It has no streams and stores nothing on
// disk: what is durable or persistent lives as long as the Broker.
//
// Values arrive as they do over a network: a sender may reuse its message when
// Publish has returned, and a handler may change what it got.
//
// # Tests
//
// A Broker has no goroutines of its own and waits only on channels and timers,
// so it works under [testing/synctest] with virtual time. Faults on demand are
// methods: [Broker.Disconnect], [Broker.Block], [Broker.RefuseNext],
// [Broker.Delete]. [Broker.Depth], [Broker.Peek] and [Broker.Take] look into
// queues.
//
// # Where it differs from RabbitMQ
//
// A message is stored or refused when Publish returns, and a lost session is
// replaced at once. A reply address of a session (see [DirectReplies]) is
// outside the exchanges: it cannot be bound and no dead letter reaches it.
package memory
