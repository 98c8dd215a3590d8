package scenario

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// The protections of errorQueueGone.
const (
	ackFirst  = "ack before the confirmed move"
	noBackoff = "no back-off"
)

// errorQueueGone lets messages fail while their error queue is not there, and
// then while it refuses what comes.
func errorQueueGone() Scenario {
	return Scenario{
		Number: 24, Name: "error queue gone, then refusing",
		Must:     "failed messages stay and are tried at most once a second; good ones pass; all are moved once it is back",
		Controls: []string{ackFirst, noBackoff},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load := r.Load(2000)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			faults := []fault{gone(b), refusing(b)}
			if r.Control != "" {
				faults = faults[:1]
			}
			r.Faults(len(faults))
			m := &moving{bench: b, each: load / len(faults)}
			if err := m.start(ctx); err != nil {
				return oracle.Expect{}, err
			}
			if r.Control == noBackoff {
				stop, err := m.hot(ctx)
				if err != nil {
					return oracle.Expect{}, err
				}
				defer stop()
			}
			for i := range faults {
				if err := m.under(ctx, &faults[i]); err != nil {
					return oracle.Expect{}, err
				}
			}
			if r.Control == noBackoff {
				// Its runs are counted already.
				m.allowed = math.MaxInt
			}
			return oracle.Expect{Duplicates: m.allowed}, nil
		},
	}
}

// fault takes the error queue away and gives it back.
type fault struct {
	name       string
	begin, end func(ctx context.Context) error
}

func gone(b *bench) fault {
	return fault{
		"gone",
		func(ctx context.Context) error { return b.Ctl(ctx, "delete_queue", failed(b.Run, "work")) },
		func(context.Context) error {
			ch, closeAll, err := channel(b.Node.URL())
			if err != nil {
				return err
			}
			defer closeAll()
			_, err = ch.QueueDeclare(failed(b.Run, "work"), true, false, false, false, nil)
			return err
		},
	}
}

func refusing(b *bench) fault {
	pattern := "^" + regexp.QuoteMeta(failed(b.Run, "work")) + "$"
	return fault{
		"refusing",
		func(ctx context.Context) error {
			return b.Ctl(ctx, "set_policy", b.Queue("full"), pattern, `{"max-length":0,"overflow":"reject-publish"}`, "--apply-to", "queues")
		},
		func(ctx context.Context) error { return b.Ctl(ctx, "clear_policy", b.Queue("full")) },
	}
}

// moving has a subscriber that fails at one message in ten.
type moving struct {
	*bench
	target *parley.Publisher
	// each is how many messages come under each fault.
	each int
	// runs counts those of messages that fail, allowed how many there may be.
	runs    atomic.Int64
	allowed int
}

// bad reports whether the handler fails at a message.
func bad(id uint64) bool { return id%10 == 0 }

var errBad = errors.New("a bad message")

func (m *moving) handle(ctx context.Context, body string) error {
	if _, err := m.echo(0)(ctx, body); err != nil {
		return err
	}
	if body[len(body)-1] != '0' {
		return nil
	}
	m.runs.Add(1)
	return errBad
}

func (m *moving) start(ctx context.Context) error {
	app := m.app(m.Node.URL())
	var options []parley.SubscriberOption
	if m.Control == ackFirst {
		options = append(options, parley.AckFirst())
	}
	sub := app.Subscriber(m.Queue("work"), m.handle, options...)
	m.target = app.Publisher(m.Queue("work"))
	if err := app.Start(ctx); err != nil {
		return err
	}
	if m.Control == noBackoff {
		return sub.Stop(ctx)
	}
	return nil
}

// hot consumes in place of the subscriber, moves confirmed, and puts back at
// once what could not be moved.
func (m *moving) hot(ctx context.Context) (stop func(), err error) {
	ch, stop, err := channel(m.Node.URL())
	if err != nil {
		return nil, err
	}
	if err := errors.Join(ch.Qos(128, 0, false), ch.Confirm(false)); err != nil {
		return stop, err
	}
	deliveries, err := ch.Consume(m.Queue("work"), "", false, false, false, false, nil)
	if err != nil {
		return stop, err
	}
	returned := ch.NotifyReturn(make(chan amqp.Return, 1))
	go func() {
		for d := range deliveries {
			if m.handle(ctx, string(d.Body)) == nil || moved(ch, returned, failed(m.Run, "work"), d.Body) {
				_ = d.Ack(false)
				continue
			}
			_ = d.Nack(false, true)
		}
	}()
	return stop, nil
}

// moved publishes to a queue and reports whether the broker has it.
func moved(ch *amqp.Channel, returned <-chan amqp.Return, queue string, body []byte) bool {
	c, err := ch.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body})
	if err != nil || !c.Wait() {
		return false
	}
	select {
	case <-returned:
		return false
	default:
		return true
	}
}

// under sends messages under a fault, watches them, and ends it.
func (m *moving) under(ctx context.Context, f *fault) error {
	if err := f.begin(ctx); err != nil {
		return fmt.Errorf("error queue %s: %w", f.name, err)
	}
	m.Injected()
	before, began, poison := m.runs.Load(), time.Now(), m.each/10
	first := m.IDs(m.each)
	crowd(m.each, publishers, first, func(id uint64) {
		m.journal.Note(journal.Attempted, id)
		m.settle(id, m.target.Publish(ctx, text(id)), nil)
	})
	m.Requiref(m.Until(ctx, patience(m.Run), func() bool { return m.runs.Load()-before >= int64(3*poison) }),
		"error queue %s: wanted failed messages to be tried again, got %d runs of %d", f.name, m.runs.Load()-before, poison)
	m.Wait(ctx, 2*time.Second)
	// Each message waits for a second between two runs, and more than one
	// connection it has not lost.
	most := poison * (int(time.Since(began)/time.Second) + 2)
	m.allowed += most
	runs := m.runs.Load() - before
	m.Note("error queue %s: %d runs of %d messages in %v", f.name, runs, poison, time.Since(began).Round(100*time.Millisecond))
	m.Requiref(runs <= int64(most), "error queue %s: hot loop: wanted at most %d runs, got %d", f.name, most, runs)
	if err := f.end(ctx); err != nil {
		return fmt.Errorf("error queue %s: %w", f.name, err)
	}
	return m.moved(ctx, f, first)
}

// moved waits until the messages that failed are in the error queue.
func (m *moving) moved(ctx context.Context, f *fault, first uint64) error {
	began, wanted := time.Now(), m.each/10
	if m.Until(ctx, patience(m.Run), func() bool { return depth(m.Run, failed(m.Run, "work")) >= wanted }) {
		m.Took(time.Since(began))
	}
	m.allowed += wanted * (int(time.Since(began)/time.Second) + 1)
	m.Settle(ctx, settleWithin, "work")
	all, err := drain(m.Run, failed(m.Run, "work"))
	if err != nil {
		return err
	}
	got := map[string]int{}
	for i := range all {
		got[string(all[i].Body)]++
	}
	lost, twice := 0, 0
	for id := first; id < first+uint64(m.each); id++ {
		switch n := got[text(id)]; {
		case bad(id) && n == 0:
			lost++
		case bad(id) && n > 1, !bad(id) && n > 0:
			twice++
		}
	}
	m.Requiref(lost == 0, "error queue %s: lost: %d of %d failed messages did not come to the error queue once it was back", f.name, lost, wanted)
	m.Requiref(twice == 0, "error queue %s: wanted each failed message once and no other, got %d more", f.name, twice)
	return nil
}
