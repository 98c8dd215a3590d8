// Package contender holds the ways of doing the workloads that are compared:
// RabbitMQ's Go client used by hand in three degrees of care, plain Go
// channels for the workload in memory, and parley.
//
// The raw contenders are written as an application would write them, each as
// fast as its promises allow; they are references, not parts of parley.
package contender

import "github.com/parley-go/parley/benchmarks/internal/peer"

// Entry registers a contender for workloads.
type Entry struct {
	Name      string
	About     string   // settings, one line
	Workloads []string // names, in any order
	Against   []string // the references it is compared with, where they run too
	TwinOf    string   // contender with the same code, whose operations per run it shares
	Contender peer.Contender
}

// Names of the references.
const (
	Best           = "raw best"
	BestInbox      = "raw best, inbox"
	Naive          = "raw naive"
	Promises       = "raw promises"
	PromisesDirect = "raw promises, direct"
	Channels       = "go channels"
	RawStream      = "raw confirmed"
	Parley         = "parley"
)

const parleySettings = "default options but Prefetch(500); W1 and W3 with PublishBatch, Window(1024)"

// parley's contenders in the broker workloads.
const (
	ParleyDirect      = Parley + ", direct"
	ParleyCalls       = Parley + ", calls"
	ParleyMemory      = Parley + " on memory"
	ParleyStream      = Parley + ", streams"
	ParleyFirst       = Parley + ", first item"
	ParleyCancellable = Parley + ", cancellable"
)

// All returns every contender, references first.
func All() []Entry {
	return []Entry{
		{
			Name: Best, Contender: best{}, Workloads: amqpWorkloads(),
			About: "2 channels, ring of 512 confirms, batched acks, direct replies, nothing confirmed in W4 and W5",
		},
		{
			Name: Best + " (twin)", Contender: best{}, Workloads: amqpWorkloads(), Against: []string{Best}, TwinOf: Best,
			About: "the same code again: its distance from 1.00 is the noise",
		},
		{
			Name: BestInbox, Contender: best{inbox: true}, Workloads: requests(), Against: []string{Best},
			About: "raw best with an exclusive reply queue per channel",
		},
		{
			Name: Naive, Contender: naive{}, Workloads: amqpWorkloads(), Against: []string{Best},
			About: "1 channel, waits for each confirm, acks each message, direct replies",
		},
		{
			Name: Promises, Contender: promises{inbox: true}, Against: []string{Best, BestInbox},
			Workloads: append(requests(), "W1", "W1q", "W3"),
			About: "raw best keeping parley's promises: returns matched; confirmed replies before the ack, mandatory, " +
				"expiration, deadline header, 2 connections, exclusive reply queue",
		},
		{
			Name: PromisesDirect, Contender: promises{}, Workloads: requests(), Against: []string{Best},
			About: "raw promises with direct replies",
		},
		{
			Name: Channels, Contender: channels{}, Workloads: []string{"M64"},
			About: "JSON, validation and a deadline over Go channels, 32 workers",
		},
		{
			Name: Channels + " (twin)", Contender: channels{}, Workloads: []string{"M64"}, Against: []string{Channels}, TwinOf: Channels,
			About: "the same code again: its distance from 1.00 is the noise",
		},
		{
			Name: Parley, Contender: overRabbitMQ(), Workloads: amqpWorkloads(),
			Against: []string{Promises, BestInbox, Best, Naive},
			About:   parleySettings,
		},
		{
			Name: ParleyDirect, Contender: withDirectReplies(), Workloads: requests(),
			Against: []string{PromisesDirect, Best},
			About:   parleySettings + "; rabbitmq.DirectReplies()",
		},
		{
			Name: ParleyCalls, Contender: calling{overRabbitMQ()}, Workloads: []string{"W1", "W1q"},
			Against: []string{Promises, Best},
			About:   "1024 goroutines that call Publish in place of PublishBatch",
		},
		{
			Name: Parley + " (twin)", Contender: overRabbitMQ(), Workloads: []string{"W4"}, Against: []string{Parley}, TwinOf: Parley,
			About: "parley again: its distance from 1.00 is the noise",
		},
		{
			Name: ParleyFirst, Contender: firstItem{overRabbitMQ()}, Workloads: []string{"W4"}, Against: []string{Parley},
			About: parleySettings + "; each call is a stream of which the first item is taken",
		},
		{
			Name: ParleyCancellable, Contender: cancellable{overRabbitMQ()}, Workloads: []string{"W4"}, Against: []string{Parley},
			About: parleySettings + "; each call can be called off",
		},
		{
			Name: RawStream, Contender: rawStream{best{}}, Workloads: streams(),
			About: "publishes N messages to the reply address, 1 channel, ring of 1000 confirms; the client counts",
		},
		{
			Name: RawStream + " (twin)", Contender: rawStream{best{}}, Workloads: streams(), Against: []string{RawStream}, TwinOf: RawStream,
			About: "the same code again: its distance from 1.00 is the noise",
		},
		{
			Name: ParleyStream, Contender: parleyStream{overRabbitMQ()}, Workloads: streams(), Against: []string{RawStream},
			About: "default options but Concurrency as many as streams",
		},
		{
			Name: ParleyMemory, Contender: inMemory{}, Workloads: []string{"M64"}, Against: []string{Channels},
			About: "client and server in one app, default options",
		},
	}
}

func amqpWorkloads() []string { return append(requests(), "W1", "W1q", "W2", "W3") }

func streams() []string { return []string{"S1", "S1000"} }

func requests() []string { return []string{"W4", "W5c64", "W5c512"} }
