package parleytest

import (
	"errors"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// Outcome is what became of one delivery of a message.
type Outcome uint8

// Outcomes of a delivery.
const (
	// Ack: the message is done with. It was handled, or its caller was told that
	// it failed, or it was discarded.
	Ack Outcome = iota + 1
	// Requeue: it went back to its queue after a failure.
	Requeue
	// Return: it went back to its queue untouched.
	Return
	// Reject: it went to the queue's dead-letter exchange, or was dropped.
	Reject
	// Retried: it waits, or waited, for another attempt.
	Retried
	// ErrorQueue: it is in the subscriber's error queue.
	ErrorQueue
)

// String returns the outcome in small letters.
func (o Outcome) String() string {
	names := [...]string{"not settled", "ack", "requeue", "return", "reject", "retried", "error queue"}
	if int(o) < len(names) {
		return names[o]
	}
	return "unknown"
}

// outcome returns 0 while the delivery is not settled.
func (r *received) outcome() Outcome {
	switch r.verdict {
	case 0:
		return 0
	case transport.Ack:
		return r.acknowledged()
	case transport.Requeue:
		return Requeue
	case transport.Reject:
		return Reject
	default:
		return Return
	}
}

// acknowledged tells why: a message that was moved is acknowledged too.
func (r *received) acknowledged() Outcome {
	for _, s := range r.caused {
		switch {
		case s.outcome != nil:
		case s.kind == failure && s.message.Address == r.subscription.topology.ErrorQueue:
			return ErrorQueue
		case s.kind == waiting:
			return Retried
		}
	}
	return Ack
}

// codes are those with which the delivery failed.
func (r *received) codes() []parley.Code {
	var all []parley.Code
	for _, a := range r.attempts {
		if code := a.code(); code != "" {
			all = append(all, code)
		}
	}
	for _, s := range r.caused {
		switch s.kind {
		case failure:
			all = append(all, parley.Code(s.message.Header(parley.HeaderFailureCode)))
		case reply:
			if code := s.message.Header(parley.HeaderError); code != "" {
				all = append(all, parley.Code(code))
			}
		default:
		}
	}
	return all
}

// code is empty for a run that succeeded or goes on.
func (a *attempt) code() parley.Code {
	if a.panics {
		return parley.CodeInternal
	}
	return parley.CodeOf(a.err)
}

// called reports whether the handler itself was reached: what cannot be decoded
// or is not valid ends before it.
func (a *attempt) called() bool {
	if a.code() != parley.CodeInvalidArgument {
		return true
	}
	_, own := errors.AsType[*parley.Error](a.err)
	_, remote := errors.AsType[*parley.RemoteError](a.err)
	return own || remote
}
