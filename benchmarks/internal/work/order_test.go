package work_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/benchmarks/internal/work"
)

func TestPayloadHasTheStatedSizes(t *testing.T) {
	t.Parallel()
	order := work.Sample()
	body, err := work.Encode(&order)
	require.NoError(t, err)
	require.Len(t, body, 235)
	reply, err := work.Answer(body)
	require.NoError(t, err)
	require.Len(t, reply, 69)
	receipt, err := work.Read(reply)
	require.NoError(t, err)
	require.InDelta(t, order.Total, receipt.Total, 1e-9)
}

func TestAcceptRefusesAnInvalidOrder(t *testing.T) {
	t.Parallel()
	order := work.Sample()
	order.Items[1].Qty = 0
	body, err := json.Marshal(order)
	require.NoError(t, err)
	_, err = work.Accept(body)
	require.ErrorContains(t, err, "Qty")
	_, err = work.Accept([]byte(`{"id":`))
	require.ErrorContains(t, err, "decode order")
}

func TestReadRefusesARefusal(t *testing.T) {
	t.Parallel()
	_, err := work.Read([]byte(`{"accepted":false,"lines":2}`))
	require.ErrorContains(t, err, "wanted accepted")
}

func TestUUIDIsOfVersion4(t *testing.T) {
	t.Parallel()
	id := work.UUID()
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
	require.NotEqual(t, id, work.UUID())
}
