package parley

// Cancellable lets a [Request], [Go] or [Gather] tell the service when its caller
// gives up: its context ends, its time is up, its loop is left, or the app stops.
// A request that still waits in its queue is then acknowledged without being run,
// and the context of a running handler ends with a cause of [CodeCanceled]; what
// the handler returns then goes nowhere. [Stats].Cancelled counts both.
//
// Such a request costs one round trip more, because the service asks before it
// runs the handler. The answer comes to the inbox of the connection, whatever
// reply address other requests have, and does not survive its loss. A service that is not
// parley's answers as ever and hears nothing. On calls that do not wait, and on
// a [Stream], which always tells, it is an error.
func Cancellable() SendOption {
	return sendOption{"parley.Cancellable()", func(s *sendSettings) { s.cancellable, s.cancellableGiven = true, true }}
}
