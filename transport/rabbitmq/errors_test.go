package rabbitmq_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

const secret = "s3cr3t-pass"

func containsAll(text string, fragments ...string) bool {
	for _, f := range fragments {
		i := strings.Index(text, f)
		if i < 0 {
			return false
		}
		text = text[i+len(f):]
	}
	return true
}

// fails connects in vain and returns the error, after looking for the secret.
func fails(ctx context.Context, t *testing.T, address string, options ...rabbitmq.Option) error {
	t.Helper()
	return failsWith(ctx, t, settings(), address, options...)
}

func failsWith(ctx context.Context, t *testing.T, s transport.Settings, address string, options ...rabbitmq.Option) error {
	t.Helper()
	var log logged
	s.Logger = log.logger()
	tr := rabbitmq.New(address, options...)
	c, err := tr.Connect(ctx, s)
	if err == nil {
		require.NoError(t, c.Close(ctx))
	}
	require.Error(t, err)
	for _, text := range []string{err.Error(), log.String(), tr.String()} {
		require.NotContains(t, text, secret)
	}
	return err
}

// page is the address of a server that speaks HTTP, to whoever comes.
func page(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var served sync.WaitGroup
	t.Cleanup(func() { require.NoError(t, l.Close()); served.Wait() })
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	})
	return l.Addr().String()
}

// failsAtOnce makes one attempt, in vain, and returns its error.
func failsAtOnce(t *testing.T, address string) error {
	t.Helper()
	s := settings()
	s.FailFast = true
	_, err := rabbitmq.New(address).Connect(within(t, patience), s)
	require.Error(t, err)
	require.NotContains(t, err.Error(), secret)
	return err
}

func requirePermanent(t *testing.T, err error, fragments ...string) {
	t.Helper()
	_, ok := errors.AsType[*transport.PermanentError](err)
	require.True(t, ok, "not permanent: %v", err)
	require.True(t, containsAll(err.Error(), fragments...), "%v\nlacks one of %q", err, fragments)
	require.NotContains(t, err.Error(), "\n")
}

func TestConnectErrors(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(rabbittest.URL(t))
	require.NoError(t, err)
	with := func(change func(*url.URL)) string {
		u := *address
		change(&u)
		return u.String()
	}
	t.Run("wrong password", func(t *testing.T) {
		t.Parallel()
		err := fails(within(t, patience), t, with(func(u *url.URL) { u.User = url.UserPassword("guest", secret) }))
		requirePermanent(t, err, "rabbitmq: log in to amqp://", "wanted access", "got ACCESS_REFUSED", "hint: check user and password")
	})
	t.Run("login option", func(t *testing.T) {
		t.Parallel()
		err := fails(within(t, patience), t, with(func(u *url.URL) { u.User = nil }), rabbitmq.Login("nobody", secret))
		requirePermanent(t, err, `as "nobody"`)
	})
	t.Run("unknown virtual host", func(t *testing.T) {
		t.Parallel()
		err := fails(within(t, patience), t, address.String(), rabbitmq.VHost("no such"))
		requirePermanent(t, err, `open virtual host "no such"`, "got NOT_ALLOWED", "hint: ")
	})
	t.Run("no broker there", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		gone := l.Addr().String()
		require.NoError(t, l.Close())
		dead := with(func(u *url.URL) { u.Host, u.User = gone, url.UserPassword("guest", secret) })
		ctx, cancel := context.WithCancelCause(within(t, patience))
		enough := errors.New("enough")
		s := settings()
		s.OnLink = func(transport.State, transport.Status) { cancel(enough) }
		err = failsWith(ctx, t, s, dead)
		require.ErrorIs(t, err, enough)
		require.ErrorContains(t, failsAtOnce(t, dead), "connection refused; hint: nothing listens there")
		// The next host serves.
		connect(t, settings(), dead, rabbitmq.Hosts(address.String()))
	})
	t.Run("no such host", func(t *testing.T) {
		t.Parallel()
		err := failsAtOnce(t, "amqp://guest:"+secret+"@no-such-host.invalid/")
		require.ErrorContains(t, err, "hint: nobody knows this host")
	})
	t.Run("another port", func(t *testing.T) {
		t.Parallel()
		plain := page(t)
		require.ErrorContains(t, failsAtOnce(t, "amqp://guest:"+secret+"@"+plain), "wanted AMQP, got something else: ")
		require.ErrorContains(t, failsAtOnce(t, "amqps://guest:"+secret+"@"+plain), "wanted TLS, got: ")
		secured := httptest.NewUnstartedServer(http.NotFoundHandler())
		secured.Config.ErrorLog = log.New(io.Discard, "", 0)
		secured.StartTLS()
		defer secured.Close()
		err := failsAtOnce(t, "amqp://guest:"+secret+"@"+strings.TrimPrefix(secured.URL, "https://"))
		require.ErrorContains(t, err, "wanted AMQP, got something else: ")
		require.ErrorContains(t, err, "hint: a broker speaks AMQP at port 5672")
	})
	t.Run("silent peer", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		s := settings()
		s.FailFast = true
		_, err = rabbitmq.New("amqp://"+l.Addr().String(), rabbitmq.DialTimeout(50*time.Millisecond)).Connect(within(t, patience), s)
		require.ErrorContains(t, err, "no answer within 50ms")
	})
}

func TestMalformedURLs(t *testing.T) {
	t.Parallel()
	for address, fragment := range map[string]string{
		"amqp://guest:" + secret + "@host:port/":             "malformed URL",
		"amqp://guest:" + secret + "@[::1/":                  "malformed URL",
		"amqp://guest:" + secret + "%zz@host/":               "malformed URL",
		"http://guest:" + secret + "@host/":                  "wanted the scheme amqp or amqps",
		"amqp://guest:" + secret + "@/":                      "wanted a host",
		"amqp://guest:" + secret + "@host:99999/":            "wanted a port from 1 to 65535",
		"amqp://guest:" + secret + "@host/a/b":               "hint: encode it as %2f",
		"amqp://guest:" + secret + "@host/?heartbeat=soon":   "wanted heartbeat as whole seconds",
		"amqp://guest:" + secret + "@host/?" + secret + "=1": "wanted no query parameter but heartbeat",
	} {
		requirePermanent(t, fails(t.Context(), t, address), "rabbitmq: URL 1: ", fragment)
	}
}

func TestDeclarationErrors(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	c := connect(t, settings(), address)
	subscribe := func(c transport.Conn, s topology.Subscription) error {
		k, err := c.Subscribe(within(t, patience), transport.Subscription{
			Topology: s, Prefetch: 1, Workers: 1,
			Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
		})
		if err == nil {
			require.NoError(t, k.Stop(within(t, patience)))
		}
		return err
	}
	s := queue(t)
	require.NoError(t, subscribe(c, s))

	other := s
	other.Queue.Arguments = topology.Arguments{topology.ArgMaxLength: 5}
	requirePermanent(t, subscribe(c, other), "declare queue ", "wanted it as declared here", "inequivalent arg 'x-max-length'", "hint: ")

	missing := queue(t)
	missing.Passive = true
	requirePermanent(t, subscribe(c, missing), "check error queue ", "wanted it to exist", "NOT_FOUND", "hint: ")

	passive := connect(t, settings(), address, rabbitmq.Passive())
	requirePermanent(t, subscribe(passive, queue(t)), "check error queue ", "NOT_FOUND")
	require.NoError(t, subscribe(passive, s))

	exclusive := queue(t)
	exclusive.Queue.Exclusive, exclusive.Queue.Durable = true, false
	_, err := admin(t, address).QueueDeclare(exclusive.Queue.Name, false, false, true, false, nil)
	require.NoError(t, err)
	requirePermanent(t, subscribe(c, exclusive), "declare queue ", "RESOURCE_LOCKED", "hint: ")

	gone := topology.Topic("test."+rand.Text(), topology.Passive())
	_, err = c.Publish(within(t, patience), &transport.Publication{Message: &transport.Message{}, Exchange: &gone, Key: "x"})
	require.ErrorIs(t, err, transport.ErrNotSent)
	requirePermanent(t, err, "check exchange ", "NOT_FOUND")
}

// The broker closes the connection over an exchange of a kind that it does not
// know: it is asked once.
func TestUnknownKindsAreAskedForOnce(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	var losses atomic.Int32
	w := settings()
	w.OnLink = func(from transport.State, now transport.Status) {
		if from == transport.StateUp && now.State == transport.StateReconnecting {
			losses.Add(1)
		}
	}
	c := connect(t, w, address)
	s := queue(t)
	_, bodies := collect(t, c, s)
	unknown := topology.NewExchange("x-no-such-kind", "test."+rand.Text())
	for range 3 {
		_, err := c.Publish(within(t, patience), &transport.Publication{Message: &transport.Message{}, Exchange: &unknown, Key: "x"})
		require.ErrorIs(t, err, transport.ErrNotSent)
		requirePermanent(t, err, "declare exchange ", `wanted a kind that the broker knows, got "x-no-such-kind"`, "hint: ")
		publishUntilStored(t, c, s.Queue.Name, "others")
		awaitBody(t, bodies, "others")
	}
	require.EqualValues(t, 1, losses.Load())
}
