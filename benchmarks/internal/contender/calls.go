package contender

import (
	"errors"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// answer ends a call: a reply's body, or why there is none.
type answer struct {
	body []byte
	err  error
}

var errNoRoute = errors.New("publish: the message was returned: no queue")

// calls are the requests waiting for their replies, by correlation id.
type calls struct {
	mu      sync.Mutex
	pending map[string]chan answer
}

func (c *calls) add(id string, replied chan answer) {
	c.mu.Lock()
	c.pending[id] = replied
	c.mu.Unlock()
}

func (c *calls) drop(id string) {
	c.mu.Lock()
	delete(c.pending, id)
	c.mu.Unlock()
}

// finish hands the answer to the call of that id, if it still waits. Each call
// gets at most one, so the channel's single place is free.
func (c *calls) finish(id string, a answer) {
	c.mu.Lock()
	replied := c.pending[id]
	delete(c.pending, id)
	c.mu.Unlock()
	if replied != nil {
		replied <- a
	}
}

// read hands out replies until their consumer ends.
func (c *calls) read(replies <-chan amqp.Delivery) {
	for d := range replies {
		c.finish(d.CorrelationId, answer{body: d.Body})
	}
}

// refuse ends the calls whose requests come back, until the channel closes.
func (c *calls) refuse(returns <-chan amqp.Return) {
	for r := range returns {
		c.finish(r.CorrelationId, answer{err: errNoRoute})
	}
}

// replyPool keeps the channels of calls that got their answer.
type replyPool struct{ pool sync.Pool }

func newReplyPool() *replyPool { return &replyPool{} }

func (p *replyPool) get() chan answer {
	if replied, ok := p.pool.Get().(chan answer); ok {
		return replied
	}
	return make(chan answer, 1)
}

func (p *replyPool) put(replied chan answer) { p.pool.Put(replied) }

func request(id, replyTo string, body []byte) amqp.Publishing {
	return amqp.Publishing{ContentType: jsonType, DeliveryMode: amqp.Transient, CorrelationId: id, ReplyTo: replyTo, Body: body}
}

func reply(id string, body []byte) amqp.Publishing {
	return amqp.Publishing{ContentType: jsonType, DeliveryMode: amqp.Transient, CorrelationId: id, Body: body}
}
