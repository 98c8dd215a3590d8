package parley

import (
	"context"
	"errors"
	"slices"

	"github.com/parley-go/parley/internal/binder"
)

// Code classifies an error across the wire. The codes and their meanings are
// gRPC's; the spelling is that of the Connect protocol.
type Code string

// The sixteen codes.
const (
	// CodeCanceled: the caller gave up.
	CodeCanceled Code = "canceled"
	// CodeUnknown: the handler failed without saying how.
	CodeUnknown Code = "unknown"
	// CodeInvalidArgument: the message is malformed whatever the state of the service.
	CodeInvalidArgument Code = "invalid_argument"
	// CodeDeadlineExceeded: time ran out.
	CodeDeadlineExceeded Code = "deadline_exceeded"
	// CodeNotFound: what the message names does not exist.
	CodeNotFound Code = "not_found"
	// CodeAlreadyExists: what the message wants to create exists.
	CodeAlreadyExists Code = "already_exists"
	// CodePermissionDenied: the caller may not do this.
	CodePermissionDenied Code = "permission_denied"
	// CodeResourceExhausted: a quota or a resource is used up.
	CodeResourceExhausted Code = "resource_exhausted"
	// CodeFailedPrecondition: the system is not in the state that this needs.
	CodeFailedPrecondition Code = "failed_precondition"
	// CodeAborted: a conflict with something concurrent.
	CodeAborted Code = "aborted"
	// CodeOutOfRange: past the valid range.
	CodeOutOfRange Code = "out_of_range"
	// CodeUnimplemented: not supported here.
	CodeUnimplemented Code = "unimplemented"
	// CodeInternal: the service is broken; a panic is reported with it.
	CodeInternal Code = "internal"
	// CodeUnavailable: the service cannot do it now.
	CodeUnavailable Code = "unavailable"
	// CodeDataLoss: data are lost or corrupt.
	CodeDataLoss Code = "data_loss"
	// CodeUnauthenticated: the caller did not say who it is.
	CodeUnauthenticated Code = "unauthenticated"
)

// codes are all of them.
var codes = [...]Code{
	CodeCanceled, CodeUnknown, CodeInvalidArgument, CodeDeadlineExceeded, CodeNotFound, CodeAlreadyExists,
	CodePermissionDenied, CodeResourceExhausted, CodeFailedPrecondition, CodeAborted, CodeOutOfRange,
	CodeUnimplemented, CodeInternal, CodeUnavailable, CodeDataLoss, CodeUnauthenticated,
}

// Known reports whether the code is one of the sixteen. Another one may come
// from a peer or a handler of its own mind.
func (c Code) Known() bool { return slices.Contains(codes[:], c) }

// CodeOf returns the code of err: that of an [*Error] or [*RemoteError] in its
// chain, [CodeInternal] of a panic, [CodeInvalidArgument] for input that does not
// fit, the matching one of a context's error, else [CodeUnknown]. Of nil it is "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if _, ok := errors.AsType[*panicError](err); ok {
		return CodeInternal
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.code
	}
	if e, ok := errors.AsType[*RemoteError](err); ok {
		return e.Code
	}
	if _, ok := errors.AsType[*binder.InputError](err); ok {
		return CodeInvalidArgument
	}
	return contextCode(err)
}

func contextCode(err error) Code {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return CodeDeadlineExceeded
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	default:
		return CodeUnknown
	}
}
