package asyncapi_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	seen := &collector{}
	app := parley.New(memory.New(), parley.Info("watched", "1"))
	asyncapi.Watch(seen, app)
	app.Subscriber("good", func(context.Context, Payment) (Receipt, error) { return Receipt{OrderID: "1"}, nil })
	app.Subscriber("none", func(context.Context, *Payment) (*Receipt, error) { return nil, nil })
	app.Subscriber("bad", func(context.Context, string) (parley.Response[Receipt], error) {
		return parley.Response[Receipt]{Properties: parley.Message{Headers: parley.Headers{"x": 1}}}, nil
	})
	app.Subscriber("worse", func(context.Context, string) (*Node, error) { return &Node{}, nil })
	good, bad := app.Publisher("good", parley.Payload[Payment]()), app.Publisher("worse")
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.WithoutCancel(t.Context()))) }()
	_, err := good.Request(t.Context(), Payment{OrderID: 1, Amount: 2})
	require.NoError(t, err)
	_, err = bad.Request(t.Context(), "x")
	require.NoError(t, err)
	require.Empty(t, seen.faults)
}

// A value whose own encoding is not what its type says is found out.
func TestWatchFindsWhatTheDocumentDoesNotSay(t *testing.T) {
	t.Parallel()
	seen := &collector{}
	app := parley.New(memory.New(), parley.Info("watched", "1"))
	asyncapi.Watch(seen, app)
	app.Subscriber("liar", func(string) liar { return liar{} })
	p := app.Publisher("liar")
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.WithoutCancel(t.Context()))) }()
	_, err := p.Request(t.Context(), "x")
	require.NoError(t, err)
	require.Len(t, seen.faults, 1)
	require.Contains(t, seen.faults[0], "fits 0 declared messages")
}

// liar says it is an integer and is written as a text.
type liar struct{}

func (liar) MarshalJSON() ([]byte, error) { return []byte(`"no"`), nil }

func (liar) JSONSchemaBytes() ([]byte, error) { return []byte(`{"type": "integer"}`), nil }
