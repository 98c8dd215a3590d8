// Package parleytest runs an app in a test, with the wiring of production and
// without a broker.
//
//	ts := parleytest.Start(t, NewApp())
//	ts.Publish("orders.place", order)
//	ts.Subscriber("orders.place").CalledWith(order).Handled()
//
// [Start] takes the app that the service's own constructor makes, runs it on a
// broker in memory and stops it when the test ends. A handler that does not
// return, a message left unsettled and a goroutine left running fail the test.
//
// # Call it
//
// [Service.Publish] and [Request] send as a parley client does, with any
// [parley.SendOption]; [Stream] and [Collect] read many replies. [Service.Raw] and [Service.RawRequest] are a client that
// is not parley's, [Service.Vanished] one that went away before its answer came,
// [Service.Redeliver] a broker that delivers twice, [Service.Replay] a file of
// captured messages, which [Service.Record] writes.
//
// # Expect
//
// [Service.Subscriber] expects something of the messages of one subscriber;
// [Published] and [Calls] return typed values, [Service.ErrorQueue] what failed.
// What is expected may still have to happen: expectations wait. A failure says
// what was expected and what there is, with the history of the messages:
//
//	subscriber "orders.place"
//	  expected: handled without an error
//	  actual:   failed with unavailable, settled: error queue
//	  history of message "01K…":
//	    +0s        the test published to queue "orders.place": {"id":"o1"}
//	    +0s        delivered to "orders.place"
//	    +0s        handler failed: unavailable: stock is down
//	    +0s        moved to queue "orders.place.error": unavailable: stock is down
//	    +0s        settled: error queue
//
// # Time
//
// Nothing sleeps. On the real clock expectations and [Service.Wait] wait for
// signals, bounded by [Patience]. In a bubble of [testing/synctest] time is
// virtual: an answer that takes 24 hours, a schedule of retries or a time limit
// pass at once. Make the app and call Start inside the bubble; functions given to
// t.Cleanup run in it too, before it ends, so that Start stops the app there.
//
// # Others
//
// [Service.Stub] serves an address in place of a service that is not there.
// [Service.Queue] is a queue whose reader is not there. [Service.Broker] makes
// the broker misbehave towards the app. [Service.Run] runs another app beside.
//
// # On RabbitMQ
//
// With the environment variable [EnvURL] set to an AMQP URL the same tests run
// on that RabbitMQ, in parallel: each test gets names of its own for queues and
// exchanges, which the apps do not see and which are deleted at the end. Tests
// in a bubble stay on memory, because waiting for a network stops virtual time.
// On the wire each message carries a header x-parleytest, by which a delivery is
// told; apps do not see it, and a test that looks into the broker itself does.
//
// What Wait and expectations know of a RabbitMQ they know from what went through
// the apps: messages that a length limit drops, or that a purge or a deleted queue takes along, are waited for in
// vain, and a message that another process sends is not waited for.
package parleytest
