// Package rabbitnode starts private RabbitMQ nodes for tests, examples and
// benchmarks, and breaks them on demand.
//
// A node runs the scripts of an installed rabbitmq-server package on free
// loopback ports, with its data, cookie and port mapper in a temporary folder:
// it meets nothing else on the host, and needs no particular user. It ends with
// [Node.Stop], or with the process that started it, however that one ends. A
// [Cluster] is three of them, whose nodes can be killed, frozen and partitioned.
package rabbitnode
