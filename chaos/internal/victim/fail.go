package victim

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
)

// Failer fails at every message, as often as its policy allows. Each attempt is
// noted as handled.
const Failer Role = "failer"

// CountInMemory counts attempts in the process in place of the message.
const CountInMemory Flavor = "attempt count in memory"

const (
	// FailerImmediate is how many immediate attempts follow the first of a round.
	FailerImmediate = 3
	// FailerRounds is how many rounds there are.
	FailerRounds = 4
)

// FailerDelays are the pauses between the rounds.
func FailerDelays() []time.Duration {
	return []time.Duration{time.Second / 2, time.Second, 3 * time.Second / 2}
}

var errDown = errors.New("victim: what the handler depends on is down")

func (v *victim) failer(ctx context.Context) error {
	if v.job.Flavor == CountInMemory {
		v.raw = (&counted{victim: v, attempts: map[uint64]int{}}).fail
		return v.rawConsumer(ctx)
	}
	app := v.app()
	app.Subscriber(v.job.Queue, func(body string) error {
		if _, err := v.handle(body); err != nil {
			return parley.Permanent(err)
		}
		return errDown
	}, parley.Concurrency(max(1, v.job.Concurrency)), parley.Prefetch(max(1, v.job.Prefetch)),
		parley.Retry(parley.Immediate(FailerImmediate), parley.Delayed(FailerDelays()...)))
	return v.until(ctx, app)
}

// counted counts attempts by id; the next process does not know them.
type counted struct {
	*victim

	mu       sync.Mutex
	attempts map[uint64]int
}

// fail runs one round, and gives the message to a wait queue or, after the
// last, to the error queue.
func (c *counted) fail(ch *amqp.Channel, d *amqp.Delivery) {
	id, err := strconv.ParseUint(string(d.Body), 10, 64)
	if err != nil {
		return
	}
	for range FailerImmediate + 1 {
		c.note(journal.Handled, id)
	}
	c.mu.Lock()
	c.attempts[id] += FailerImmediate + 1
	attempts := c.attempts[id]
	c.mu.Unlock()
	target := c.job.Queue + ".error"
	if attempts < (FailerImmediate+1)*FailerRounds {
		target = c.job.Queue + ".later"
	}
	if err := c.declare(ch); err != nil {
		return
	}
	_ = ch.Publish("", target, false, false, amqp.Publishing{MessageId: d.MessageId, ContentType: "text/plain", DeliveryMode: amqp.Persistent, Body: d.Body})
	_ = d.Ack(false)
}

func (c *counted) declare(ch *amqp.Channel) error {
	if _, err := ch.QueueDeclare(c.job.Queue+".error", true, false, false, false, nil); err != nil {
		return err
	}
	_, err := ch.QueueDeclare(c.job.Queue+".later", true, false, false, false, amqp.Table{
		"x-message-ttl": int32(FailerDelays()[0].Milliseconds()), "x-dead-letter-exchange": "", "x-dead-letter-routing-key": c.job.Queue,
	})
	return err
}
