package rabbitmq_test

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/testing/transporttest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	for name, options := range map[string][]rabbitmq.Option{
		"inbox":          nil,
		"direct replies": {rabbitmq.DirectReplies()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transporttest.Test(t, func(t *testing.T) transporttest.Broker {
				t.Helper()
				proxy := rabbittest.NewProxy(t, address)
				features := transporttest.Everything()
				features.ReplyRoute = name == "inbox"
				return transporttest.Broker{
					Transport:   rabbitmq.New(proxy.URL(), options...),
					Features:    features,
					Disconnect:  proxy.Cut,
					DeleteQueue: func(queue string) { deleteQueue(t, address, queue) },
				}
			})
		})
	}
}

// deleteQueue deletes a queue over a connection of its own.
func deleteQueue(t *testing.T, address, queue string) {
	t.Helper()
	conn, err := amqp.Dial(address)
	require.NoError(t, err)
	defer conn.Close()
	ch, err := conn.Channel()
	require.NoError(t, err)
	_, err = ch.QueueDelete(queue, false, false, false)
	require.NoError(t, err)
}
