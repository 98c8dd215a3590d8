package manual_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// Shortage is a detail of an error.
type Shortage struct {
	SKU  string `json:"sku"`
	Left int    `json:"left"`
}

var errDatabase = errors.New("deadlock on table stock")

// Reserve fails on purpose.
func Reserve(_ context.Context, o Order) error {
	if o.Items[0].Qty > 3 {
		return parley.NewError(parley.CodeFailedPrecondition, "not enough in stock").
			WithDetail(Shortage{SKU: o.Items[0].SKU, Left: 3}).
			WithCause(errDatabase)
	}
	return nil
}

// shortage reads the detail of an answer that says that there is not enough.
func shortage(err error) (s Shortage, ok bool) {
	remote, ok := errors.AsType[*parley.RemoteError](err)
	if !ok || remote.Code != parley.CodeFailedPrecondition || len(remote.Details) == 0 {
		return s, false
	}
	err = json.Unmarshal(remote.Details[0], &s)
	return s, err == nil
}

func TestErrorsTravel(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	ctx := t.Context()
	app.Subscriber("stock.reserve", Reserve)
	app.Subscriber("stock.count", func(context.Context, string) (int, error) { return 0, errDatabase })
	reserve, count := app.Publisher("stock.reserve"), app.Publisher("stock.count")
	start(t, app)

	_, err := reserve.Request(ctx, Order{ID: "o1", Items: []Item{{"tea", 5}}})
	short, ok := shortage(err)
	require.True(t, ok)
	require.Equal(t, Shortage{"tea", 3}, short)
	_, ok = shortage(errDatabase)
	require.False(t, ok)
	require.ErrorIs(t, err, parley.NewError(parley.CodeFailedPrecondition, ""))
	require.NotContains(t, err.Error(), "deadlock")

	_, err = count.Request(ctx, "tea")
	require.Equal(t, parley.CodeUnknown, parley.CodeOf(err))
	require.NotContains(t, err.Error(), "deadlock")
}

func TestErrorQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker, quiet)
		app.Subscriber("stock.reserve", Reserve)
		reserve := app.Publisher("stock.reserve")
		require.NoError(t, app.Start(t.Context()))
		require.NoError(t, reserve.Publish(t.Context(), Order{ID: "o1", Items: []Item{{"tea", 5}}}))
		synctest.Wait()
		require.Equal(t, 1, broker.Depth("stock.reserve.error"))
		failed := broker.Peek("stock.reserve.error")[0]
		require.Equal(t, "failed_precondition", failed.Header(parley.HeaderFailureCode))
		require.Equal(t, "not enough in stock", failed.Header(parley.HeaderFailureReason))
		require.Equal(t, "stock.reserve", failed.Header(parley.HeaderFailureAddress))
		require.Contains(t, failed.Header(parley.HeaderFailureHandler), "Reserve")
		require.EqualValues(t, 1, failed.Headers[parley.HeaderFailureAttempt])
		require.NoError(t, app.Stop(context.Background()))
	})
}

func TestReadErrorQueue(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	ctx := t.Context()
	codes := make(chan string, 1)
	app.Subscriber("stock.reserve", Reserve)
	app.Subscriber("stock.reserve.error", func(m *parley.Message) error {
		codes <- m.Header(parley.HeaderFailureCode)
		return nil
	}, parley.From(topology.ErrorQueueReader()))
	reserve := app.Publisher("stock.reserve")
	start(t, app)
	require.NoError(t, reserve.Publish(ctx, Order{ID: "o1", Items: []Item{{"tea", 5}}}))
	require.Equal(t, "failed_precondition", <-codes)
}
