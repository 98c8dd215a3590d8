// Package parley lets a Go service be written as ordinary functions on top of
// a message broker: RabbitMQ, or one in memory for tests.
//
// A function is registered under an address. parley reads its signature once,
// decodes and validates what arrives, calls it, and sends what it returns to
// whoever asked:
//
//	type Order struct {
//		ID  string `json:"id" validate:"required"`
//		Qty int    `json:"qty" validate:"gt=0"`
//	}
//
//	func PlaceOrder(ctx context.Context, o Order) (Receipt, error) { … }
//
//	app := parley.New(rabbitmq.New("amqp://guest:guest@localhost:5672/"), parley.Info("orders", "1.4.0"))
//	app.Subscriber("orders.place", PlaceOrder)
//	err := app.Run(ctx) // until ctx ends, SIGINT or SIGTERM
//
// The package imports no broker. Package transport/rabbitmq connects to
// RabbitMQ, package transport/memory is a broker inside the process, and
// package testing/parleytest runs an app in a test.
//
// # Sending
//
// Another app, or the same one, sends with a [Publisher]:
//
//	orders := app.Publisher("orders.place")
//
//	receipt, err := parley.Request[Receipt](ctx, orders, order) // waits for the answer, 30 s by default
//	err = orders.Publish(ctx, order)                            // nil: the broker has stored it
//
// [Go] sends and lets the answer be taken later. [Stream] reads many answers of
// one handler, [Gather] those of many, [First] the first good one. [ReplyTo]
// sends the answer to a subscriber, [Replies], which may live in another
// process. [NewClient] is a publisher whose requests and answers have types.
// A client that only sends is an app too, and is started.
//
// # Where messages come from
//
// An address is the name of a durable queue, which the subscriber declares.
// With [From] and [To] and an exchange of package transport/topology it is a
// routing key. Several instances of a service share the messages of a queue;
// with [Broadcast] each gets all. 32 messages of a subscriber are handled at
// once, see [Concurrency].
//
// # What happens to a message
//
// Size limit, reply address, deadline; then, inside the middleware, decode,
// validate, resolve parameters, handler, encode, clean up; then the forwarded
// results and the reply are confirmed, and only then is the message
// acknowledged. A message that cannot be processed is moved to the error queue
// "<queue>.error" with the reason in its headers; a parley caller that waits is
// told instead. [Retry] and [OnFailure] change that.
//
// # What is promised
//
//   - A Publish that returned nil is stored.
//   - A message is acknowledged only after its handler returned and everything
//     it sent was confirmed. It may come twice: see [Deduplicate].
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
//
// Faults of declarations (a signature that is no handler's, an option that does
// not fit) never panic: [App.Start] and [App.Err] return all of them, each with
// the place of its declaration.
//
// # More
//
// The manual is in the directory docs of the repository: a tutorial, pages for
// tasks, all options in one table, and each promise with its tests.
package parley
