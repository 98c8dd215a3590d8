package parleyotel

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
)

// scopeName names the source of the telemetry.
const scopeName = "github.com/parley-go/parley/parleyotel"

// schemaURL says which version of the conventions the names are from.
const schemaURL = semconv.SchemaURL

// Names of the conventions. Those for messaging have the status "development".
//
// Source: https://opentelemetry.io/docs/specs/semconv/messaging/rabbitmq/
const (
	systemKey         = semconv.MessagingSystemKey
	operationNameKey  = semconv.MessagingOperationNameKey
	operationTypeKey  = semconv.MessagingOperationTypeKey
	destinationKey    = semconv.MessagingDestinationNameKey
	templateKey       = semconv.MessagingDestinationTemplateKey
	temporaryKey      = semconv.MessagingDestinationTemporaryKey
	anonymousKey      = semconv.MessagingDestinationAnonymousKey
	routingKeyKey     = semconv.MessagingRabbitMQDestinationRoutingKeyKey
	messageIDKey      = semconv.MessagingMessageIDKey
	conversationIDKey = semconv.MessagingMessageConversationIDKey
	errorTypeKey      = semconv.ErrorTypeKey
)

// Names of our own, for what the conventions have none for.
const (
	attemptKey     = attribute.Key("parley.attempt")
	sentKey        = attribute.Key("parley.items.sent")
	receivedKey    = attribute.Key("parley.items.received")
	directionKey   = attribute.Key("parley.item.direction")
	immediateKey   = attribute.Key("parley.retry.immediate")
	addressKey     = attribute.Key("parley.subscriber.address")
	appNameKey     = attribute.Key("parley.app.name")
	metricActive   = "parley.process.active"
	metricItems    = "parley.stream.items"
	metricRetries  = "parley.process.retries"
	metricFailed   = "parley.messages.failed"
	metricPending  = "parley.requests.pending"
	metricUp       = "parley.subscribers.up"
	metricPaused   = "parley.subscribers.paused"
	metricLinks    = "parley.connections.up"
	unitMessage    = "{message}"
	unitItem       = "{item}"
	unitRun        = "{run}"
	unitRequest    = "{request}"
	unitReply      = "{reply}"
	unitSubscriber = "{subscriber}"
	unitConnection = "{connection}"
)

// Operations, the first word of a span's name.
const (
	publish = "publish"
	request = "request"
	reply   = "reply"
	process = "process"
)

// Values of directionKey.
const (
	directionSent     = "sent"
	directionReceived = "received"
)

var (
	typeSend    = semconv.MessagingOperationTypeSend
	typeProcess = semconv.MessagingOperationTypeProcess

	metricSent     messagingconv.ClientSentMessages
	metricConsumed messagingconv.ClientConsumedMessages
	metricDuration messagingconv.ClientOperationDuration
	metricProcess  messagingconv.ProcessDuration
)

// otherError is the error.type of what has no type of its own.
const otherError = "_OTHER"

// defaultSystem is the value of messaging.system.
const defaultSystem = "rabbitmq"

// durationBounds are the bounds of histograms in seconds that the conventions
// ask for.
var durationBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
