// Package interop proves that parley and programs nobody wrote for it can call
// each other over RabbitMQ: RPC clients and servers on pika and amqplib, for
// every kind of value, in both directions, with 1 and 64 calls in flight.
//
// The peers and their line protocol are in the folder peers; everything else
// is tests.
package interop
