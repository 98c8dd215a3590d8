package transporttest

import (
	"slices"
	"testing"

	"github.com/parley-go/parley/transport"
)

// Factory makes the broker of one case. It is called once per case, from
// several goroutines at once. Names are unique to a case, so that all of them
// may be given the same broker.
type Factory func(t *testing.T) Broker

// Broker is what a case works with.
type Broker struct {
	// Transport connects to the broker. A case makes several connections with
	// it and closes them.
	Transport transport.Transport
	// Features says what the broker can do.
	Features Features
	// Disconnect ends every session of Transport as a failing network would,
	// without harm to other cases. The next attempt to connect succeeds. nil
	// skips the cases about recovery.
	Disconnect func()
	// DeleteQueue deletes a queue behind the transport's back; it does nothing
	// when there is none of that name. nil skips the case about deleted queues.
	// It also tidies up when a case has ended.
	DeleteQueue func(name string)
	// Block makes the broker take no publications, as an alarm does, or take
	// them again, without harm to other cases. nil skips the case about it.
	Block func(on bool)
}

// Features switches on the cases that not every broker can pass. The zero value
// leaves publishing to queues, consuming from them, and requests.
type Features struct {
	// Exchanges: direct, fanout and topic exchanges with bindings.
	Exchanges bool
	// HeadersExchange: exchanges of kind headers.
	HeadersExchange bool
	// Exclusive: queues that belong to one connection and end with it.
	Exclusive bool
	// Arguments: a declaration that differs from what exists is refused.
	Arguments bool
	// DeadLetter: rejected and dropped messages go to a dead-letter exchange
	// and say so in their header x-death.
	DeadLetter bool
	// TTL: messages and queues expire.
	TTL bool
	// MaxLength: bounded queues with the policies drop-head and reject-publish.
	MaxLength bool
	// Priority: message priorities and consumer priorities.
	Priority bool
	// SingleActive: queues with one working consumer at a time.
	SingleActive bool
	// DeliveryLimit: quorum queues, which count deliveries and bound them.
	DeliveryLimit bool
	// SessionReplies: the reply address of a request goes away with its session
	// and is classified as one that somebody waits at.
	SessionReplies bool
	// ReplyRoute: a reply to an address that is gone ends with ErrNoRoute.
	// Without it such a reply may as well be dropped.
	ReplyRoute bool
	// DeclareQueue: connections are a [transport.QueueDeclarer].
	DeclareQueue bool
	// Inspect: connections are a [transport.QueueInspector].
	Inspect bool
	// Inbox: connections are a [transport.Inboxes].
	Inbox bool
	// Remove: connections are a [transport.Remover].
	Remove bool
}

// Everything returns all features, for RabbitMQ and its like.
func Everything() Features {
	return Features{
		Exchanges: true, HeadersExchange: true, Exclusive: true, Arguments: true, DeadLetter: true, TTL: true,
		MaxLength: true, Priority: true, SingleActive: true, DeliveryLimit: true, SessionReplies: true, ReplyRoute: true,
		DeclareQueue: true, Inspect: true, Remove: true, Inbox: true,
	}
}

// testCase is one case with the sentence that it enforces.
type testCase struct {
	name    string
	promise string
	// needs is nil when every broker must pass.
	needs func(b Broker) bool
	run   func(e *env)
}

// Test runs every case as a parallel subtest of t.
func Test(t *testing.T, f Factory) {
	cases := slices.Concat(
		publishCases, messageCases, consumeCases, settleCases, stopCases, exchangeCases,
		declareCases, queueCases, removeCases, inspectCases, scanCases, limitCases, quorumCases, requestCases, inboxCases, closeCases, recoveryCases, statusCases,
	)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := f(t)
			if c.needs != nil && !c.needs(b) {
				t.Skip("the broker lacks a feature that this case needs")
			}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the contract says: %s", c.promise)
				}
			})
			c.run(newEnv(t, b))
		})
	}
}
