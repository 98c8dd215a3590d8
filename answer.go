package parley

// Answer is one answer where there may be several, or where it comes to
// somebody who did not wait for it: a value, or the reason why there is none.
type Answer[R any] struct {
	// Value is the answer, R's zero value where Err is not nil.
	Value R
	// Err says why there is no value: a [*RemoteError] when the handler failed,
	// [ErrNoValue] when it gave none and R cannot be nil, or what kept the
	// answer from being read as R.
	Err error
	// From is who answered, for answers to a [Gather]: the application's id and,
	// behind a slash, a random id of one subscriber in one run of it. Of a service
	// that is not parley's it is the application's id, which may be empty.
	From string
	// Token is what the caller gave to [Token], "" when it gave none.
	Token string
	// Message is the answer as it came: its sender, headers and ids.
	Message *Message
}
