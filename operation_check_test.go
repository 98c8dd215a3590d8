package parley_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

type checked struct {
	Tenant string `path:"tenant" validate:"alpha"`
	Body   item   `body:""`
}

func handleChecked(checked) {}

// An operation tells without a broker what its subscriber would refuse.
func TestOperationCheck(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Info("shop", "1"))
	app.Subscriber("{tenant}.items", handleChecked, parley.From(topology.Topic("shop")))
	app.Publisher("elsewhere")
	ops := app.Operations()
	require.NoError(t, app.Err())
	require.Len(t, ops, 2)
	message := func(body string) *parley.Message {
		return &parley.Message{Body: []byte(body), ContentType: "application/json"}
	}
	require.NoError(t, ops[0].Check(message(`{"qty": 1}`), []string{"acme"}))
	require.ErrorContains(t, ops[0].Check(message(`{"qty": 0}`), []string{"acme"}), "qty")
	require.ErrorContains(t, ops[0].Check(message(`{"qty": 1}`), []string{"7"}), "tenant")
	require.ErrorContains(t, ops[0].Check(message(`{`), []string{"acme"}), "JSON")
	require.Nil(t, ops[1].Check)
}

// An operation tells without a broker how its callers learn of an error.
func TestOperationRefusal(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New())
	app.Subscriber("items", handleSlice)
	app.Publisher("elsewhere")
	ops := app.Operations()
	told := ops[0].Refusal(&parley.Message{ID: "m1"}, parley.NewError(parley.CodeNotFound, "no such item").WithDetail(7))
	require.Equal(t, "not_found", told.Headers[parley.HeaderError])
	require.JSONEq(t, `{"code": "not_found", "message": "no such item", "details": [7]}`, string(told.Body))
	secret := ops[0].Refusal(&parley.Message{ID: "m1"}, errors.New("password"))
	require.NotContains(t, string(secret.Body), "password")
	require.Contains(t, string(secret.Body), "m1")
	require.Nil(t, ops[1].Refusal)
}

func TestOperationRule(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New())
	app.Publisher("elsewhere")
	rule := app.Operations()[0].Rule
	require.NoError(t, rule(3, "min=3"))
	require.Error(t, rule(2, "min=3"))
	require.Error(t, rule(item{}, ""))
	require.Panics(t, func() { _ = rule(2, "no such rule") })
}

func TestOperationFunction(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New())
	app.Subscriber("named", handleSlice)
	app.Subscriber("literal", func() {})
	ops := app.Operations()
	require.Equal(t, "github.com/parley-go/parley_test.handleSlice", ops[0].Function)
	require.Empty(t, ops[1].Function)
}

func handleSlice([]item) {}
