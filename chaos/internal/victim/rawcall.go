package victim

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// RawCaller makes calls over the raw client, with common faults: it never
// learns that its connection was lost, and it may match replies by their order.
type RawCaller struct {
	// Forgetful keeps the entries of calls that have timed out.
	Forgetful bool

	conn    *amqp.Connection
	ch      *amqp.Channel
	queue   string
	ordered bool

	mu      sync.Mutex
	next    int
	pending map[string]chan string
	line    []chan string
}

// NewRawCaller connects to the broker at url, to call queue.
func NewRawCaller(url, queue string, ordered bool) (*RawCaller, error) {
	conn, err := amqp.Dial(url)
	if err != nil {
		return nil, fmt.Errorf("victim: %w", err)
	}
	c := &RawCaller{conn: conn, queue: queue, ordered: ordered, pending: map[string]chan string{}}
	if c.ch, err = conn.Channel(); err == nil {
		var replies <-chan amqp.Delivery
		if replies, err = c.ch.Consume("amq.rabbitmq.reply-to", "", true, false, false, false, nil); err == nil {
			go c.receive(replies)
			return c, nil
		}
	}
	_ = conn.Close()
	return nil, fmt.Errorf("victim: %w", err)
}

// Close ends the connection.
func (c *RawCaller) Close() { _ = c.conn.Close() }

// Pending is how many calls wait.
func (c *RawCaller) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

func (c *RawCaller) receive(replies <-chan amqp.Delivery) {
	for d := range replies {
		c.mu.Lock()
		reply := c.pending[d.CorrelationId]
		if c.ordered && len(c.line) > 0 {
			reply, c.line = c.line[0], c.line[1:]
		}
		if !c.Forgetful {
			delete(c.pending, d.CorrelationId)
		}
		c.mu.Unlock()
		if reply != nil {
			reply <- string(d.Body)
		}
	}
}

// Call sends body and waits for an answer until timeout.
func (c *RawCaller) Call(ctx context.Context, body string, timeout time.Duration) (string, error) {
	reply := make(chan string, 2)
	c.mu.Lock()
	c.next++
	id := strconv.Itoa(c.next)
	c.pending[id] = reply
	c.line = append(c.line, reply)
	err := c.ch.PublishWithContext(ctx, "", c.queue, true, false, amqp.Publishing{
		ContentType: "text/plain", ReplyTo: "amq.rabbitmq.reply-to", CorrelationId: id, Body: []byte(body),
	})
	c.mu.Unlock()
	if err != nil {
		return "", fmt.Errorf("victim: %w", err)
	}
	select {
	case text := <-reply:
		return text, nil
	case <-time.After(timeout):
		return "", fmt.Errorf("victim: no reply within %v", timeout)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
