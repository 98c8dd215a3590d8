package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

const want = `tea: 700 cents
cake: remote error: not_found: no such article
tea: remote error: invalid_argument: body: qty: rule "gt=0" failed for an integer
`

func TestClient(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	service := parley.New(broker)
	service.Subscriber("orders.place", func(_ context.Context, o struct {
		SKU string `json:"sku" validate:"required"`
		Qty int    `json:"qty" validate:"gt=0"`
	},
	) (Receipt, error) {
		if o.SKU != "tea" {
			return Receipt{}, parley.NewError(parley.CodeNotFound, "no such article")
		}
		return Receipt{Cents: o.Qty * 350}, nil
	})
	require.NoError(t, service.Start(t.Context()))
	defer func() { require.NoError(t, service.Stop(context.Background())) }()

	client := parley.New(broker, parley.Info("till", "1"))
	asyncapi.Watch(t, client)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, client))
	require.Equal(t, want, out.String())
}

func TestNoService(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.ErrorIs(t, run(t.Context(), &out, parley.New(memory.New())), parley.ErrNoRoute)
}
