package parley

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parley-go/parley/internal/stream"
)

// How a stream ends early, besides the errors of a request. Each is also
// [ErrOutcomeUnknown]: the handler ran, and how far is not known.
var (
	// ErrStreamGap: an item is missing, repeated or out of order.
	ErrStreamGap = stream.ErrGap
	// ErrStreamCut: the end came before all items that it counts.
	ErrStreamCut = stream.ErrCut
	// ErrStreamOverflow: more came than was asked for, see [Window].
	ErrStreamOverflow = stream.ErrOverflow
	// ErrStreamStalled: no sign of life came for the time of [Idle].
	ErrStreamStalled = errors.New("the service is silent")
	// ErrStreamServerGone: the service lost its connection or died.
	ErrStreamServerGone = errors.New("the service is gone")
	// ErrStreamLost: the own connection was lost, and the rest with it.
	ErrStreamLost = errors.New("the connection that the stream came on was lost")
	// ErrStreamRestarted: the handler runs again from the beginning, for example
	// because its process died. With [Restarts] it does not end the stream.
	ErrStreamRestarted = errors.New("the stream was restarted")
)

// StreamError is how a stream ended early: which one, and why.
type StreamError struct {
	// Address is where the request was sent.
	Address string
	// CorrelationID identifies it on the wire and in the server's log.
	CorrelationID string
	// Items is how many items were handed out before: they are good.
	Items int
	// Err is the reason.
	Err error
}

// Error names the stream, how far it came, and the reason.
func (e *StreamError) Error() string {
	return fmt.Sprintf("parley: stream from %q (correlation id %s), after %d items: %v", e.Address, e.CorrelationID, e.Items, e.Err)
}

// Unwrap returns the reason.
func (e *StreamError) Unwrap() error { return e.Err }

// Why a handler's stream ends before the handler does. They are the causes of
// its context; those of [CodeCanceled] say that nobody reads any more.
var (
	errStreamCancelled = NewError(CodeCanceled, "the reader of the stream has left")
	errStreamGone      = NewError(CodeCanceled, "the reader of the stream is gone")
	errStreamSilent    = NewError(CodeCanceled, "the reader of the stream is silent")
	errStreamLost      = NewError(CodeUnavailable, "the connection to the broker was lost")
	errStreamStopping  = NewError(CodeUnavailable, "the service stops")
	errStreamUnbounded = NewError(CodeResourceExhausted, "too much for a reader that grants no credit; hint: send the header "+HeaderStreamCredit)
	errStreamNotAsked  = NewError(CodeUnimplemented, "the answer is a stream; hint: ask with parley.Stream")
)

// streamFailure reads the error that ends a stream.
func streamFailure(m *Message) *RemoteError {
	if remote := remoteError(m); remote != nil {
		return remote
	}
	body := errorBody{Code: CodeUnknown, Message: "the error could not be read"}
	// What is not there, or no JSON, leaves that.
	_ = json.Unmarshal(m.Body, &body)
	return &RemoteError{Code: body.Code, Message: body.Message, Details: body.Details}
}

// streamFailed is how a subscriber sees the error that ends a stream to its
// queue.
func streamFailed(m *Message) error {
	remote := streamFailure(m)
	return Permanent(NewError(remote.Code, "the stream ended with an error: "+remote.Message))
}
