package parley_test

import (
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
