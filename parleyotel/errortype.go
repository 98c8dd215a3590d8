package parleyotel

import (
	"context"
	"errors"

	"github.com/parley-go/parley"
)

// outcomes are the values of error.type of what could not be sent or got no
// answer. An error may be several of them: the first one counts.
var outcomes = []struct {
	err  error
	name string
}{
	{parley.ErrStreamStalled, "stalled"},
	{parley.ErrStreamServerGone, "server_gone"},
	{parley.ErrStreamLost, "connection_lost"},
	{parley.ErrStreamRestarted, "restarted"},
	{parley.ErrStreamGap, "items_missing"},
	{parley.ErrStreamCut, "items_missing"},
	{parley.ErrStreamOverflow, "overflow"},
	{parley.ErrNoRoute, "no_route"},
	{parley.ErrRefused, "refused"},
	{parley.ErrBlocked, "blocked"},
	{parley.ErrNotStarted, "not_started"},
	{parley.ErrStopped, "stopped"},
	{parley.ErrExpired, "expired"},
	{parley.ErrTimeout, "timeout"},
	{context.Canceled, string(parley.CodeCanceled)},
	{context.DeadlineExceeded, string(parley.CodeDeadlineExceeded)},
	{parley.ErrOutcomeUnknown, "outcome_unknown"},
}

// sendError is the error.type of an operation that sends, "" for none.
func sendError(answer *parley.Message, err error) string {
	switch {
	case err == nil && answer != nil:
		return remoteError(answer)
	case err == nil:
		return ""
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.name
		}
	}
	if code := parley.CodeOf(err); code.Known() && code != parley.CodeUnknown {
		return string(code)
	}
	if errors.Is(err, parley.ErrNotSent) {
		return "not_sent"
	}
	return otherError
}

// remoteError is the code of an error reply, "" of any other one.
func remoteError(answer *parley.Message) string {
	if code := answer.Header(parley.HeaderError); code != "" {
		return codeName(parley.Code(code))
	}
	return ""
}

// processError is the error.type of a run of a handler, "" for none.
func processError(err error) string {
	if err == nil {
		return ""
	}
	return codeName(parley.CodeOf(err))
}

// codeName bounds the values: a code may be a peer's invention.
func codeName(code parley.Code) string {
	if code.Known() {
		return string(code)
	}
	return otherError
}

// left reports whether a message may have left the process.
func left(err error) bool {
	return !errors.Is(err, parley.ErrNotSent) && !errors.Is(err, parley.ErrBlocked)
}
