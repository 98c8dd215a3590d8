package victim

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/chaos/internal/journal"
)

// redial is the pause of the naive services between connections.
const redial = 200 * time.Millisecond

// dial connects, or gives up early enough to try again.
func dial(url string) (*amqp.Connection, error) {
	return amqp.DialConfig(url, amqp.Config{Dial: amqp.DefaultDial(5 * time.Second), Locale: "en_US"})
}

// rawPublisher believes that a message is stored when it was written.
func (v *victim) rawPublisher(ctx context.Context) error {
	line := &rawLine{urls: append([]string{v.job.URL}, v.job.Hosts...), confirms: v.job.Flavor == NoMandatory}
	defer line.close()
	v.ready()
	v.each(ctx, func(id uint64) {
		v.note(journal.Attempted, id)
		body := []byte(strconv.FormatUint(id, 10))
		for ctx.Err() == nil {
			ch, err := line.channel()
			if err == nil {
				err = rawPublish(ctx, ch, v.job.Queue, body)
			}
			if err == nil {
				v.note(journal.OK, id)
				return
			}
			line.drop(ch)
			pause(ctx, redial)
		}
		v.note(journal.Failed, id)
	})
	return nil
}

// rawPublish is content with the confirm, where there is one.
func rawPublish(ctx context.Context, ch *amqp.Channel, queue string, body []byte) error {
	message := amqp.Publishing{ContentType: "text/plain", DeliveryMode: amqp.Persistent, Body: body}
	confirmed, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", queue, false, false, message)
	if err != nil || confirmed == nil {
		return err
	}
	ok, err := confirmed.WaitContext(ctx)
	if err == nil && !ok {
		err = amqp.ErrClosed
	}
	return err
}

// rawLine is one channel that is made again when it was lost.
type rawLine struct {
	// urls are tried in turn.
	urls     []string
	confirms bool

	mu   sync.Mutex
	next int
	conn *amqp.Connection
	ch   *amqp.Channel
}

func (l *rawLine) channel() (*amqp.Channel, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ch != nil {
		return l.ch, nil
	}
	conn, err := dial(l.urls[l.next%len(l.urls)])
	if err != nil {
		l.next++
		return nil, err
	}
	ch, err := conn.Channel()
	if err == nil && l.confirms {
		err = ch.Confirm(false)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	l.conn, l.ch = conn, ch
	return ch, nil
}

func (l *rawLine) drop(ch *amqp.Channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ch == nil || l.ch != ch {
		return
	}
	go func(c *amqp.Connection) { _ = c.Close() }(l.conn)
	l.conn, l.ch = nil, nil
}

func (l *rawLine) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// rawConsumer consumes until ctx ends, with the fault of its flavor.
func (v *victim) rawConsumer(ctx context.Context) error {
	ready := sync.OnceFunc(v.ready)
	for ctx.Err() == nil {
		_ = v.rawSession(ctx, ready)
		if v.job.Flavor == NoRecovery {
			<-ctx.Done()
		}
		pause(ctx, redial)
	}
	return nil
}

func (v *victim) rawSession(ctx context.Context, ready func()) error {
	conn, err := dial(v.job.URL)
	if err != nil {
		return err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	if _, err := ch.QueueDeclare(v.job.Queue, true, false, false, false, nil); err != nil {
		return err
	}
	if err := ch.Qos(max(1, v.job.Prefetch), 0, false); err != nil {
		return err
	}
	deliveries, err := ch.Consume(v.job.Queue, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	ready()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	var workers sync.WaitGroup
	var highest atomic.Uint64
	for range max(1, v.job.Concurrency) {
		workers.Go(func() {
			for d := range deliveries {
				v.rawHandle(ch, &d, &highest)
			}
		})
	}
	workers.Wait()
	return nil
}

// rawHandle settles as the flavor does; highest is the last tag that was
// acknowledged with all below it.
func (v *victim) rawHandle(ch *amqp.Channel, d *amqp.Delivery, highest *atomic.Uint64) {
	if v.raw != nil {
		v.raw(ch, d)
		return
	}
	if v.job.Flavor == AckFirst {
		_ = d.Ack(false)
	}
	if _, err := v.handle(string(d.Body)); err != nil {
		return
	}
	if d.ReplyTo != "" {
		_ = ch.PublishWithContext(context.Background(), "", d.ReplyTo, false, false, amqp.Publishing{ContentType: "text/plain", CorrelationId: d.CorrelationId, Body: d.Body})
	}
	switch v.job.Flavor {
	case AckFirst:
	case AckAll:
		if last := highest.Load(); d.DeliveryTag > last && highest.CompareAndSwap(last, d.DeliveryTag) {
			_ = d.Ack(true)
		}
	default:
		_ = d.Ack(false)
	}
}
