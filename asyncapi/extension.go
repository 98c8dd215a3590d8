package asyncapi

// Names of the extensions that documents use for what the AMQP bindings 0.3.0
// and JSON Schema cannot say. They stand on channels, operations, replies and
// schemas, never inside a binding.
const (
	// ExtQueue, on a channel that is a queue: {arguments, errorQueue}. On a
	// receive operation behind an exchange: {name, durable, exclusive,
	// autoDelete, arguments, errorQueue, bindings: [{exchange, routingKey,
	// arguments}]}; the name is absent where the broker chooses it.
	ExtQueue = "x-amqp-queue"
	// ExtExchange, on a channel: {type, internal, arguments} of an exchange,
	// where the binding cannot say them.
	ExtExchange = "x-amqp-exchange"
	// ExtProperty, on a reply address or a correlation id: the name of the AMQP
	// property that holds it, such as "reply-to".
	ExtProperty = "x-amqp-property"
	// ExtConsumer, on a receive operation: {concurrency, prefetch, maxBody}.
	ExtConsumer = "x-consumer"
	// ExtRetry, on a receive operation: {immediate, delays, then, acknowledge}:
	// further attempts at once, the pauses before the others, what becomes of
	// the message in the end, and when it is acknowledged if that is not last.
	ExtRetry = "x-retry"
	// ExtReplyMode, on a reply: "stream" where one request has many replies,
	// "later" where the one reply may come long after the request, in days.
	ExtReplyMode = "x-reply-mode"
	// ExtRequestMode, on an operation: "stream" where a request is a stream of
	// many items.
	ExtRequestMode = "x-request-mode"
	// ExtItems, on such an operation: {$ref} of the channel without an address
	// that has the frames of the stream behind its request.
	ExtItems = "x-request-items"
	// ExtGathers, on a send operation: true where several answers to one request
	// are expected, each of another responder.
	ExtGathers = "x-gathers"
	// ExtCancellable, on a send operation: true where its requests tell the
	// responder when the caller gives up.
	ExtCancellable = "x-cancellable"
	// ExtErrors, on a reply: the codes that the operation declares.
	ExtErrors = "x-error-codes"
	// ExtHandler, on a receive operation: the name of the Go function.
	ExtHandler = "x-handler"
	// ExtParameterKind, on a parameter: "rest" where it stands for any number
	// of words, none included.
	ExtParameterKind = "x-parameter"
	// ExtValidate, on a schema: the rules that JSON Schema cannot say, in the
	// language of package github.com/go-playground/validator/v10.
	ExtValidate = "x-validate"
	// ExtGoType, on a schema: the Go type whose own encoding is not known.
	ExtGoType = "x-go-type"
	// ExtEnumNames, on a schema with an enum: the names of its values.
	ExtEnumNames = "x-enum-names"
)
