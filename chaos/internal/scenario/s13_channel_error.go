package scenario

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/transport/topology"
)

// channelError deletes an exchange that one of fifty publishers goes on to
// use: the broker answers by closing the channel that all of them share.
func channelError() Scenario {
	const senders = 50
	return Scenario{
		Number: 13, Name: "channel error by one publisher of fifty",
		Short: 3 * time.Second, Full: 15 * time.Second,
		Must:     "the others' messages are stored or unknown, never called refused; 0 lost; sending goes on",
		Controls: []string{"false confirmation taken for refused"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load, faults := r.Load(20_000), r.Faults(5)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			app := b.app(r.Node.URL())
			app.Subscriber(r.Queue("work"), b.echo(0))
			target := app.Publisher(r.Queue("work"))
			wrong := app.Publisher("key", parley.To(topology.Topic(r.Queue("exchange"))))
			if err := app.Start(ctx); err != nil {
				return oracle.Expect{}, err
			}
			send := func(id uint64) error { return target.Publish(ctx, text(id)) }
			breakIt := func() error { return spoil(ctx, r, wrong, r.Queue("exchange")) }
			if r.Control != "" {
				raw, err := newMistaken(r.Node.URL(), r.Queue("work"))
				if err != nil {
					return oracle.Expect{}, err
				}
				defer raw.close()
				// Deleted beforehand, so that the fault comes while much is under way.
				if err := deleteExchange(r.Node.URL(), r.Queue("exchange")); err != nil {
					return oracle.Expect{}, err
				}
				send, breakIt = raw.send, raw.spoil
			}
			var sent atomic.Int64
			done := make(chan struct{})
			first := r.IDs(load)
			go func() {
				defer close(done)
				crowd(load, senders, first, func(id uint64) {
					b.journal.Note(journal.Attempted, id)
					b.settle(id, send(id), nil)
					sent.Add(1)
				})
			}()
			for _, point := range r.Points(load*4/5, faults) {
				r.Until(ctx, time.Minute, func() bool { return int(sent.Load()) >= point })
				if err := breakIt(); err != nil {
					return oracle.Expect{}, err
				}
				r.Injected()
			}
			err = finish(ctx, r, []<-chan struct{}{done}, "work")
			return oracle.Expect{}, err
		},
	}
}

// spoil publishes to an exchange that it deletes first, for which the broker
// closes the channel. A session or channel that is just being made anew declares
// the exchange again, and nothing is wrong then: it is deleted again.
func spoil(ctx context.Context, r *stage.Run, p *parley.Publisher, exchange string) error {
	const tries = 3
	for range tries {
		if err := deleteExchange(r.Node.URL(), exchange); err != nil {
			return err
		}
		if spoilt := p.Publish(ctx, "spoilt"); spoilt != nil {
			return nil //nolint:nilerr // the error is what is wanted
		}
	}
	r.Wrongf("wanted an error for a missing exchange, got none %d times", tries)
	return nil
}

func deleteExchange(url, name string) error {
	ch, closeAll, err := channel(url)
	if err != nil {
		return err
	}
	defer closeAll()
	return ch.ExchangeDelete(name, false, false)
}

// mistaken publishes with confirms, and takes the end of a channel for the
// broker's refusal, as the raw client reports it.
type mistaken struct {
	conn  *amqp.Connection
	queue string
	ch    atomic.Pointer[amqp.Channel]
}

func newMistaken(url, queue string) (*mistaken, error) {
	conn, err := amqp.Dial(url)
	if err != nil {
		return nil, err
	}
	m := &mistaken{conn: conn, queue: queue}
	return m, m.open()
}

func (m *mistaken) open() error {
	ch, err := m.conn.Channel()
	if err != nil {
		return err
	}
	m.ch.Store(ch)
	return ch.Confirm(false)
}

func (m *mistaken) close() { _ = m.conn.Close() }

func (m *mistaken) send(id uint64) error {
	for {
		conf, err := m.ch.Load().PublishWithDeferredConfirm("", m.queue, false, false, amqp.Publishing{
			ContentType: "text/plain", DeliveryMode: amqp.Persistent, Body: []byte(text(id)),
		})
		switch {
		case err != nil || conf == nil:
			time.Sleep(10 * time.Millisecond)
		case !conf.Wait():
			return fmt.Errorf("message %d: %w", id, parley.ErrRefused)
		default:
			return nil
		}
	}
}

// spoil publishes to the missing exchange and opens the next channel.
func (m *mistaken) spoil() error {
	ch := m.ch.Load()
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	if err := ch.Publish("missing exchange", "key", false, false, amqp.Publishing{}); err != nil {
		return err
	}
	<-closed
	return m.open()
}
