// Package rabbitmq is parley's transport for RabbitMQ, AMQP 0-9-1, over
// amqp091-go.
//
//	app := parley.New(rabbitmq.New("amqp://guest:guest@localhost:5672/"))
//
// A connection to the broker is two network connections, one that publishes
// and one that consumes: an alarm of the broker stops a publishing connection,
// acknowledgements included. Replies to direct reply-to addresses leave on a
// third one, because a bad address of that kind closes it.
//
// Each network connection is a session. When it ends, everything made on it is
// void: deliveries are not settled, publications in flight have an unknown
// outcome, and the next session declares and consumes again. Connecting is
// tried for ever, over the list of hosts, with growing pauses.
//
// Publishers share long-lived channels in confirm mode, so any number of
// publications is in flight at once. Writes are gathered: a call appends to a
// bounded buffer and one goroutine for each connection writes it out, so no
// call ever waits inside the client library for a socket.
package rabbitmq
