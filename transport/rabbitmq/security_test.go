package rabbitmq_test

import (
	"context"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// greeter is a TLS server that ends after the handshake.
func greeter(t *testing.T, config *tls.Config) (port string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if c, ok := c.(*tls.Conn); ok {
				_ = c.Handshake()
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		<-served
	})
	_, port, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

// R17: TLS 1.2 at least, whatever the caller's configuration says, and each
// host of a list is verified by its own name.
func TestR17TLSVersionAndHostNames(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cert, key := a.issue("localhost")
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	lax := &tls.Config{RootCAs: a.pool, MinVersion: tls.VersionTLS10}

	old := greeter(t, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	for _, option := range []rabbitmq.Option{rabbitmq.TLS(lax), rabbitmq.InsecureSkipTLSVerification()} {
		s := settings()
		s.FailFast = true
		_, err = rabbitmq.New("amqps://guest:"+secret+"@localhost:"+old, option).Connect(within(t, patience), s)
		require.ErrorContains(t, err, "protocol version")
		require.NotContains(t, err.Error(), secret)
	}

	second := greeter(t, &tls.Config{Certificates: []tls.Certificate{pair}})
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dead := "amqps://localhost:" + strconv.Itoa(nobody.Addr().(*net.TCPAddr).Port)
	require.NoError(t, nobody.Close())
	err = fails(within(t, patience), t, dead, rabbitmq.Hosts("amqps://127.0.0.1:"+second), rabbitmq.TLS(lax))
	require.ErrorContains(t, err, "connect to amqps://127.0.0.1:"+second+"/%2F: wanted a certificate that can be verified")
	require.Empty(t, lax.ServerName)
}

// R20: the client library hardened its reading of frames up to this version.
func TestR20ClientLibraryVersion(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	version := regexp.MustCompile(`rabbitmq/amqp091-go v1\.(\d+)\.`).FindSubmatch(mod)
	require.NotNil(t, version)
	minor, err := strconv.Atoi(string(version[1]))
	require.NoError(t, err)
	require.GreaterOrEqual(t, minor, 15)
}

// R20: whatever a broker says, nothing crashes, and every call ends with its
// context.
func TestR20HostileBroker(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	for seed := range uint64(24) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			c, err := rabbitmq.New(garbled(t, address, seed), rabbitmq.Backoff(time.Millisecond, 10*time.Millisecond)).
				Connect(within(t, 300*time.Millisecond), settings())
			if err != nil {
				return
			}
			_, _ = c.Subscribe(within(t, 300*time.Millisecond), transport.Subscription{
				Topology: queue(t), Prefetch: 1, Workers: 1,
				Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
			})
			for range 20 {
				_ = publish(within(t, 20*time.Millisecond), c, "test.nowhere", "x")
				_, _ = c.Request(within(t, 20*time.Millisecond), publication("test.nowhere", "x"))
			}
			_ = c.Close(within(t, 300*time.Millisecond))
		})
	}
}

// garbled is the address of a broker that says wrong bytes, in a way that its seed
// decides.
func garbled(t *testing.T, address string, seed uint64) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var work sync.WaitGroup
	broker := u.Host
	work.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { garble(client, broker, rand.New(rand.NewPCG(seed, seed))) })
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		work.Wait()
	})
	u.Host = l.Addr().String()
	return u.String()
}

func garble(client net.Conn, address string, random *rand.Rand) {
	defer client.Close()
	broker, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	var up sync.WaitGroup
	defer up.Wait()
	defer broker.Close()
	up.Go(func() {
		_, _ = io.Copy(broker, client)
		_ = broker.Close()
	})
	every := 20 + random.IntN(4000)
	buf := make([]byte, 4096)
	for {
		n, err := broker.Read(buf)
		if err != nil {
			return
		}
		for i := range n {
			if random.IntN(every) == 0 {
				buf[i] ^= byte(1 + random.IntN(255))
			}
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
