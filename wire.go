package parley

import (
	"strings"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

// Headers that parley sends. Names beginning with [HeaderPrefix] are reserved.
const (
	// HeaderPrefix begins the name of each of them.
	HeaderPrefix = "parley-"
	// HeaderDeadline is the time that a waiting caller still has, in
	// milliseconds, 0 for no limit. Its presence says that the caller waits and
	// understands error replies.
	HeaderDeadline = "parley-deadline"
	// HeaderAnswer says that the sender of a message with a reply address does
	// not wait and wants an answer whatever happens: an empty one when there is
	// no value, an error reply when the handler fails. Its presence counts; parley
	// sends "always", see [Token].
	HeaderAnswer = "parley-answer"
	// HeaderError marks an error reply and holds its code. The body is
	// {"code", "message", "details"} as JSON.
	HeaderError = "parley-error"
	// HeaderRetry counts the attempts made so far of a message under [Retry].
	HeaderRetry = "parley-retry"
	// HeaderRetryRound counts the delayed attempts among them.
	HeaderRetryRound = "parley-retry-round"
	// HeaderRetryAddress is the routing key that it was first published with.
	HeaderRetryAddress = "parley-retry-address"
	// HeaderRetryExchange is the exchange that it was first published to;
	// absent for the default exchange.
	HeaderRetryExchange = "parley-retry-exchange"
	// HeaderRetryExpiration is what is left of the expiration of a request without
	// [HeaderDeadline], in milliseconds; absent where it had none.
	HeaderRetryExpiration = "parley-retry-expiration"
	// HeaderGather marks a request to which several may answer, see [Gather].
	HeaderGather = "parley-gather"
	// HeaderInstance is on the answers to it: a random id of one subscriber in
	// one run of a service.
	HeaderInstance = "parley-instance"
	// HeaderStreamFrame says what a message of a stream is: "request", "open",
	// "item", "credit", "beat", "end", "error" or "cancel". See docs/streams.md.
	HeaderStreamFrame = stream.HeaderFrame
	// HeaderStreamSeq numbers items from 1; end and error have the last one's
	// number + 1, a beat the last one's. 0 on a request says that items follow.
	HeaderStreamSeq = stream.HeaderSeq
	// HeaderStreamCredit is the highest number that the reader lets be sent. It
	// never falls.
	HeaderStreamCredit = stream.HeaderCredit
	// HeaderStreamCreditBytes is the sum of the bodies' bytes below which the next
	// item may be sent. It never falls.
	HeaderStreamCreditBytes = stream.HeaderCreditBytes
	// HeaderStreamRun is an id of one run of the handler: another one means that
	// the stream begins again.
	HeaderStreamRun = stream.HeaderRun
	// HeaderStreamBeat is the interval in milliseconds in which its sender gives
	// a sign of life.
	HeaderStreamBeat = stream.HeaderBeat
	// HeaderFailureCode is the code of the failure of a message in an error queue.
	HeaderFailureCode = "parley-failure-code"
	// HeaderFailureReason is its text, at most 1 KiB.
	HeaderFailureReason = "parley-failure-reason"
	// HeaderFailureTime is when the message was moved there, RFC 3339 in UTC.
	HeaderFailureTime = "parley-failure-time"
	// HeaderFailureAddress is the routing key that it was published with.
	HeaderFailureAddress = "parley-failure-address"
	// HeaderFailureExchange is the exchange that it was published to; absent
	// for the default exchange.
	HeaderFailureExchange = "parley-failure-exchange"
	// HeaderFailureHandler is the name of the function that did not take it.
	HeaderFailureHandler = "parley-failure-handler"
	// HeaderFailureAttempt is how often it was tried, at least 1 where the
	// handler ran, 0 where it did not.
	HeaderFailureAttempt = "parley-failure-attempt"
	// HeaderFailureOmitted is how many headers of the message were left out to
	// keep the others below 96 KiB and 8000, the largest first; absent when none were.
	HeaderFailureOmitted = "parley-failure-omitted"
	// HeaderRemoved is set on a received message that has headers which no
	// client accepts, and says what is missing. Such a message is not handled.
	HeaderRemoved = transport.HeaderRemoved
)

// answerAlways is the value of [HeaderAnswer].
const answerAlways = "always"

// maxShortString bounds routing keys, ids and types in bytes (AMQP 0-9-1, shortstr).
const maxShortString = 255

// steering reports whether a header must not stand on a message that parley
// makes from another one. CC and BCC route, the others are read as truth by
// brokers and by parley: a sender must not be able to hand them on.
//
// Source: https://www.rabbitmq.com/docs/sender-selected
func steering(name string) bool {
	switch name {
	case "CC", "BCC", "x-death", "x-delivery-count", "x-acquired-count":
		return true
	}
	return strings.HasPrefix(name, HeaderPrefix) ||
		strings.HasPrefix(name, "x-first-death-") || strings.HasPrefix(name, "x-last-death-")
}

// harmless returns h without the steering headers: h itself when it has none.
func harmless(h Headers) Headers {
	clean := true
	for name := range h {
		clean = clean && !steering(name)
	}
	if clean {
		return h
	}
	out := make(Headers, len(h))
	for name, v := range h {
		if !steering(name) {
			out[name] = v
		}
	}
	return out
}
