package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

// What the service sends is what its document says.
func TestDocumented(t *testing.T) {
	t.Parallel()
	app := NewApp(memory.New())
	asyncapi.Watch(t, app)
	place := app.Publisher("orders.place", parley.Payload[Order]())
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.WithoutCancel(t.Context()))) }()
	for _, o := range []Order{{SKU: "tea", Qty: 2}, {SKU: "cake", Qty: 1}} {
		_, _ = place.Request(t.Context(), o)
	}
	asyncapi.VerifySchemas(t, app, asyncapi.Instances(200))
}
