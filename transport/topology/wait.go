package topology

import (
	"regexp"
	"strconv"
	"time"
)

const (
	// WaitQueueLease is how long a declaration of a wait queue may be relied on.
	WaitQueueLease = 30 * time.Minute
	// waitQueueIdle is how much longer than a message's delay a wait queue
	// lives after it was last declared. It exceeds WaitQueueLease: a queue that
	// expires takes its messages along.
	waitQueueIdle = 2 * WaitQueueLease
	// waitInfix stands between a queue's name and the delay in milliseconds.
	waitInfix = ".wait."
	// maxWaitSuffix bounds what a wait queue's name adds, in bytes.
	maxWaitSuffix = len(waitInfix) + len("604800000")
)

var waitName = regexp.MustCompile(`\.wait\.[0-9]+$`)

// WaitQueue is where messages of queue wait for a delay, in whole milliseconds,
// until the broker puts them back. There is one for each delay, so that no
// message waits behind another one's longer delay, and it is deleted when it
// was not declared again for longer than that.
//
// It is a quorum queue that dead-letters at least once: it keeps a message until
// the queue behind has it. A classic queue forgets the message first, and a crash
// of the broker in between loses it (seen on RabbitMQ 3.10.8).
//
// Source: https://www.rabbitmq.com/docs/quorum-queues#dead-lettering
func WaitQueue(queue string, delay time.Duration) QueueDeclaration {
	ms := max(1, delay.Milliseconds())
	return QueueDeclaration{
		Name:    queue + waitInfix + strconv.FormatInt(ms, 10),
		Durable: true,
		Arguments: Arguments{
			ArgQueueType:            TypeQuorum,
			ArgDeadLetterStrategy:   AtLeastOnce,
			ArgOverflow:             string(RejectPublish),
			ArgMessageTTL:           ms,
			ArgExpires:              ms + waitQueueIdle.Milliseconds(),
			ArgDeadLetterExchange:   "",
			ArgDeadLetterRoutingKey: queue,
		},
	}
}

// IsOwned reports whether name is that of an error queue or a wait queue, which
// nobody but parley should publish to.
func IsOwned(name string) bool { return IsErrorQueue(name) || waitName.MatchString(name) }

// CheckWaits returns an error of type [*Error] when messages of s cannot wait
// for a delayed retry.
func (s Subscription) CheckWaits() error {
	switch {
	case s.Queue.Name == "":
		return &Error{"a queue with a name for delayed retries", "one that the broker names", "leave parley.Delayed out, or Broadcast"}
	case s.Queue.Type() == TypeStream:
		return &Error{"a queue for delayed retries", "a stream", "leave parley.Delayed out"}
	case len(s.Queue.Name)+maxWaitSuffix > maxShortString:
		return &Error{"a shorter queue name for delayed retries", strconv.Itoa(len(s.Queue.Name)) + " bytes", "name the queue with topology.Queue"}
	}
	return nil
}
