package faultproxy_test

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/parley-go/parley/internal/faultproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers each connection with what it gets.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

func connect(t *testing.T) (*faultproxy.Proxy, net.Conn) {
	t.Helper()
	p, err := faultproxy.New(echo(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	c, err := net.Dial("tcp", p.Address())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.Equal(t, "hello", exchange(t, c, "hello"))
	return p, c
}

func exchange(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	_, err := c.Write([]byte(text))
	require.NoError(t, err)
	return receive(t, c, len(text))
}

func receive(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, n)
	_, err := io.ReadFull(c, buf)
	require.NoError(t, err)
	return string(buf)
}

func TestCutEndsInOrderAndResetDoesNot(t *testing.T) {
	t.Parallel()
	p, c := connect(t)
	p.Cut()
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.EqualValues(t, 1, p.Counters().Ended)

	p, c = connect(t)
	p.Reset()
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestFreezeHoldsOneDirection(t *testing.T) {
	t.Parallel()
	p, c := connect(t)
	before := p.Counters()
	p.Freeze(faultproxy.ToClient)
	_, err := c.Write([]byte("again"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.Counters().BytesToServer == before.BytesToServer+5 }, 10*time.Second, time.Millisecond)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	p.Thaw()
	require.Equal(t, "again", receive(t, c, 5))
}

func TestDelayAndThrottle(t *testing.T) {
	t.Parallel()
	p, c := connect(t)
	p.Delay(30 * time.Millisecond)
	began := time.Now()
	require.Equal(t, "later", exchange(t, c, "later"))
	require.GreaterOrEqual(t, time.Since(began), 60*time.Millisecond)
	p.Delay(0)
	p.Throttle(100)
	began = time.Now()
	require.Equal(t, "slow", exchange(t, c, "slow"))
	require.GreaterOrEqual(t, time.Since(began), 80*time.Millisecond)
}
