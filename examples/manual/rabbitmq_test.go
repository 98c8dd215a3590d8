package manual_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestConnectionSettings(t *testing.T) {
	t.Parallel()
	roots, certificate := x509.NewCertPool(), tls.Certificate{}
	cluster := rabbitmq.New("amqps://node1.example:5671/shop",
		rabbitmq.Hosts("amqps://node2.example:5671/shop", "amqps://node3.example:5671/shop"),
		rabbitmq.Login("shop", "secret"),
		rabbitmq.TLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}),
		rabbitmq.Heartbeat(5*time.Second),
		rabbitmq.Backoff(100*time.Millisecond, 5*time.Second),
	)
	require.Equal(t, "rabbitmq amqps://node1.example:5671/shop, amqps://node2.example:5671/shop, amqps://node3.example:5671/shop", cluster.String())

	mutual := rabbitmq.New("amqps://node1.example/",
		rabbitmq.TLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}),
		rabbitmq.ClientCertificate(certificate))
	direct := rabbitmq.New("amqp://localhost/", rabbitmq.DirectReplies())
	kept := rabbitmq.New("amqp://localhost/", rabbitmq.ReplyQueue("till-7.replies"))
	for _, transport := range []*rabbitmq.Transport{mutual, direct, kept} {
		require.NotContains(t, transport.String(), "malformed")
		require.NoError(t, parley.New(transport).Err())
	}
}
