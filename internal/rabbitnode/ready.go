package rabbitnode

import (
	"context"
	"errors"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	pollInterval     = 100 * time.Millisecond
	handshakeTimeout = 5 * time.Second
)

// awaitHandshake waits until a client can log in: the port is open earlier.
func (n *Node) awaitHandshake(ctx context.Context, server *process) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		if handshake(n.URL()) == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-server.done:
			return errors.New("the server ended")
		case <-tick.C:
		}
	}
}

func handshake(url string) error {
	conn, err := amqp.DialConfig(url, amqp.Config{Dial: amqp.DefaultDial(handshakeTimeout)})
	if err != nil {
		return err
	}
	return conn.CloseDeadline(time.Now().Add(handshakeTimeout))
}
