//go:build unix

package rabbitmq

import (
	"errors"
	"net"
	"syscall"
)

// directWriter returns a function that writes what the socket has room for and
// never waits; nil where conn has no socket.
func directWriter(conn net.Conn) func(b []byte) (int, error) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	return func(b []byte) (n int, err error) {
		closed := raw.Write(func(fd uintptr) bool {
			n, err = syscall.Write(int(fd), b)
			return true
		})
		if closed != nil {
			return 0, closed
		}
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
			return 0, nil
		}
		return max(n, 0), err
	}
}
