// Package parley lets a Go service be written as ordinary functions on top of
// a message broker.
//
// A function is registered under an address. parley reads its signature once,
// decodes and validates what arrives, calls it, and sends what it returns to
// whoever asked:
//
//	app := parley.New(rabbitmq.New("amqp://guest:guest@localhost:5672/"), parley.Info("orders", "1.4.0"))
//	app.Subscriber("orders.place", PlaceOrder)
//	err := app.Run(ctx)
//
// A [Publisher] sends. [Publisher.Publish] returns when the broker has stored
// the message; [Request] waits for the answer, [Go] lets it come later, and
// [ReplyTo] sends it to another subscriber.
//
// # What happens to a message
//
// Size limit, reply address, deadline; then, inside the middleware, decode,
// validate, resolve parameters, handler, encode, clean up; then the forwarded results and the reply are
// confirmed, and only then is the message acknowledged. A message that cannot
// be processed is moved to the error queue "<queue>.error" with the reason in
// its headers; a parley caller that waits is told instead.
//
// # What is promised
//
//   - A Publish that returned nil is stored.
//   - A message is acknowledged only after its handler returned and everything
//     it sent was confirmed.
//   - A message that cannot be processed is neither dropped nor in the way.
//   - A request ends by its deadline, with an answer, a definite error, or
//     [ErrOutcomeUnknown].
//   - [App.Stop] returns within its budget and loses nothing.
//   - The app outlives its broker's restarts.
//   - What runs on the memory transport runs the same on RabbitMQ.
//
// # Errors
//
// What a handler says on purpose with [NewError] travels to a waiting parley
// caller as code, message and details, and arrives as a [*RemoteError]. Any
// other error arrives as [CodeUnknown] with a neutral text. Outcomes of sending
// are the Err variables of this package, to be tested with errors.Is.
package parley
