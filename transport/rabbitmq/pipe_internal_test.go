package rabbitmq

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// piped returns a pipe and the other end of its connection.
func piped(t *testing.T) (*pipe, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	peer, err := l.Accept()
	require.NoError(t, err)
	p := newPipe(conn, conn)
	t.Cleanup(func() {
		_ = p.Close()
		_ = peer.Close()
		<-p.ended
	})
	return p, peer
}

// Whether a write goes out at once or through the goroutine, bytes arrive in
// the order of the calls, also when the socket takes only a part of them.
func TestPipeKeepsOrder(t *testing.T) {
	t.Parallel()
	p, peer := piped(t)
	var want bytes.Buffer
	got := make(chan []byte, 1)
	begin := make(chan struct{})
	go func() {
		<-begin
		all, _ := io.ReadAll(peer)
		got <- all
	}()
	for i := range 400 {
		b := bytes.Repeat([]byte{byte(i)}, 1+i*97%30_000)
		want.Write(b)
		if i%7 == 0 {
			p.mu.Lock()
			p.last = time.Time{} // quiet: this one may go out at once
			p.mu.Unlock()
		}
		n, err := p.Write(b)
		require.NoError(t, err)
		require.Len(t, b, n)
		if i == 300 { // by now the socket is full
			close(begin)
		}
	}
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.buf) == 0 && !p.writing
	}, 30*time.Second, time.Millisecond)
	require.NoError(t, p.Close())
	require.True(t, bytes.Equal(want.Bytes(), <-got), "every byte, in order")
}

// The time limit of one write does not end a later one.
func TestPipeWritesAfterALongSilence(t *testing.T) {
	t.Parallel()
	p, peer := piped(t)
	p.timeout = 20 * time.Millisecond
	p.mu.Lock()
	p.last = time.Now().Add(time.Hour) // not quiet: through the goroutine
	p.mu.Unlock()
	_, err := p.Write([]byte("one"))
	require.NoError(t, err)
	read(t, peer, "one")
	<-time.After(2 * p.timeout)
	_, err = p.Write([]byte("two"))
	require.NoError(t, err)
	read(t, peer, "two")
}

func read(t *testing.T, from io.Reader, want string) {
	t.Helper()
	b := make([]byte, len(want))
	_, err := io.ReadFull(from, b)
	require.NoError(t, err)
	require.Equal(t, want, string(b))
}
