package parley_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func TestOperationOfASubscriber(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Errors(parley.CodeUnavailable), parley.Retry(parley.Immediate(1)), parley.AllowReplyTo("replies.*"))
	app.Subscriber("orders", func(order) (string, error) { return "", nil },
		parley.Describe("Places an order", "Prices it and reserves its stock."),
		parley.Errors(parley.CodeNotFound, parley.CodeUnavailable, parley.CodeAborted),
		parley.Retry(parley.Immediate(2), parley.Delayed(time.Second, time.Minute)),
		parley.OnFailure(parley.Discard), parley.AckFirst(), parley.KeepFailedRequests(), parley.ErrorReplies(),
		parley.PublishTo("placed", parley.Describe("An order was placed", "")))
	app.Subscriber("by hand", func(parley.NoBody, *parley.Delivery) {}, parley.Manual(), parley.NoReply())
	app.Subscriber("plain", func([]byte) {})
	require.NoError(t, app.Err())

	o := app.Operations()[0]
	require.Equal(t, "Places an order", o.Summary)
	require.Equal(t, "Prices it and reserves its stock.", o.Description)
	require.Equal(t, []parley.Code{parley.CodeUnavailable, parley.CodeNotFound, parley.CodeAborted}, o.Errors)
	require.Equal(t, []string{"application/json", "text/plain"}, []string{o.ContentType, o.ReplyContentType})
	require.True(t, o.Replies)
	require.Equal(t, []string{"replies.*"}, o.ReplyTo)
	require.Equal(t, &parley.FailurePolicy{
		Acknowledge: parley.AcknowledgeFirst, Immediate: 2, Delays: []time.Duration{time.Second, time.Minute},
		End: parley.Discard, ErrorQueue: "orders.error", KeepsRequests: true, TellsAll: true,
	}, o.Failure)

	placed := app.Operations()[1]
	require.Equal(t, parley.Send, placed.Action)
	require.Equal(t, "An order was placed", placed.Summary)
	require.Equal(t, "text/plain", placed.ContentType)
	require.Nil(t, placed.Failure)

	byHand := app.Operations()[2]
	require.Equal(t, parley.AcknowledgeManually, byHand.Failure.Acknowledge)
	require.False(t, byHand.Replies)
	require.Empty(t, byHand.Summary)
	require.Equal(t, []parley.Code{parley.CodeUnavailable}, byHand.Errors, "those of the app are inherited")

	plain := app.Operations()[3]
	require.Equal(t, parley.AcknowledgeLast, plain.Failure.Acknowledge)
	require.Empty(t, plain.ContentType)
	require.Equal(t, 1, plain.Failure.Immediate)
}

func TestOperationOfAClient(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New())
	parley.NewClient[order, []string](app, "orders", parley.Describe("Asks for a price", "Of an order."))
	parley.NewClient[parley.NoBody, parley.NoBody](app, "tick")
	parley.NewClient[*string, *parley.Message](app, "raw")
	app.Publisher("events", parley.Payload[[]byte]())
	require.NoError(t, app.Err())
	all := app.Operations()

	o := all[0]
	require.Equal(t, parley.Send, o.Action)
	require.Equal(t, []reflect.Type{reflect.TypeFor[order](), reflect.TypeFor[[]string]()}, []reflect.Type{o.Payload, o.ReplyType})
	require.Equal(t, []string{"application/json", "application/json"}, []string{o.ContentType, o.ReplyContentType})
	require.Equal(t, []string{"Asks for a price", "Of an order."}, []string{o.Summary, o.Description})
	require.Contains(t, o.Site, "operation_test.go:")

	require.Equal(t, reflect.TypeFor[parley.NoBody](), all[1].ReplyType)
	require.Equal(t, []string{"", ""}, []string{all[1].ContentType, all[1].ReplyContentType})
	require.Equal(t, []string{"text/plain", ""}, []string{all[2].ContentType, all[2].ReplyContentType})
	require.Nil(t, all[3].ReplyType)
	require.Empty(t, all[3].ContentType)

	require.ErrorContains(t, declared(t, func(*parley.App) {}, parley.Describe("All of it", "")),
		`parley: app: wanted options for many declarations, got parley.Describe("All of it")`)
}

// What is expected of an answer is seen at the publisher.
func TestOperationsOfGathering(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Cancellable())
	app.Publisher("one")
	app.Publisher("some", parley.AtLeast(2))
	ops := app.Operations()
	require.False(t, ops[0].Gathers)
	require.True(t, ops[1].Gathers)
	require.True(t, ops[0].Cancellable)
}
