//go:build !unix

package rabbitmq

import "net"

// directWriter returns nil: every write is left to the pipe's goroutine.
func directWriter(net.Conn) func(b []byte) (int, error) { return nil }
