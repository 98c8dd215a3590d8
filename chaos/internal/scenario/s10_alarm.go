package scenario

import (
	"context"
	"errors"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
)

func memoryAlarm() Scenario {
	return alarm(10, "memory alarm during publishing and calls",
		[]string{"set_vm_memory_high_watermark", "0.000001"}, []string{"set_vm_memory_high_watermark", "0.4"})
}

func diskAlarm() Scenario {
	return alarm(11, "disk alarm during publishing and calls",
		[]string{"set_disk_free_limit", "900GB"}, []string{"set_disk_free_limit", "50MB"})
}

func alarm(number int, name string, on, off []string) Scenario {
	return Scenario{
		Number: number, Name: name,
		Quiet: true, Short: 30 * time.Second, Full: 110 * time.Second,
		Must:     "publishes end by their context as blocked; consuming goes on; an app stops in time; resumes; 0 lost",
		Controls: []string{"one connection for publishing and consuming"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			r.Faults(1)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			a := &alarmed{bench: b, on: on, off: off}
			return oracle.Expect{Definite: true, Duplicates: 1000}, a.act(ctx)
		},
	}
}

type alarmed struct {
	*bench
	on, off []string
	target  *parley.Publisher
}

// backlog is what consumers have to do during the alarm.
const backlog = 2000

func (a *alarmed) act(ctx context.Context) error {
	client := a.app(a.Node.URL())
	a.target = client.Publisher(a.Queue("work"))
	early := a.app(a.Node.URL())
	blocked := early.Publisher(a.Queue("work"))
	consume, err := a.consumer(ctx)
	if err != nil {
		return err
	}
	for _, app := range []*parley.App{client, early} {
		if err := app.Start(ctx); err != nil {
			return err
		}
	}
	crowd(backlog, 100, a.IDs(backlog), func(id uint64) { a.publish(ctx, id, 30*time.Second) })
	if err := a.Ctl(ctx, a.on...); err != nil {
		return err
	}
	a.Injected()
	// The alarm is announced at the first publish under it.
	crowd(4, 4, a.IDs(4), func(id uint64) { a.publish(ctx, id, time.Second) })
	if err := consume(); err != nil {
		return err
	}
	a.during(ctx, early, blocked)
	if err := a.Ctl(ctx, a.off...); err != nil {
		return err
	}
	began := time.Now()
	a.Requiref(a.publish(ctx, a.IDs(1), 20*time.Second) == nil, "wanted publishing to resume")
	a.Took(time.Since(began))
	a.Settle(ctx, time.Minute, "work")
	return nil
}

// during checks what must go on while the broker takes no publications.
func (a *alarmed) during(ctx context.Context, early *parley.App, blocked *parley.Publisher) {
	handled := a.Count(journal.Handled)
	crowd(20, 20, a.IDs(20), func(id uint64) {
		began := time.Now()
		err := a.publish(ctx, id, time.Second)
		took := time.Since(began)
		a.Requiref(errors.Is(err, parley.ErrBlocked) || errors.Is(err, context.DeadlineExceeded), "under the alarm: wanted ErrBlocked, got: %v", err)
		a.Requiref(took < 2*time.Second+a.Grace(), "under the alarm: wanted the end of a publish by its context, got it after %v", took)
	})
	crowd(20, 20, a.IDs(20), func(id uint64) {
		a.journal.Note(journal.Attempted, id)
		began := time.Now()
		_, err := blocked.Request(ctx, text(id), parley.Timeout(time.Second))
		took := time.Since(began)
		a.settle(id, err, nil)
		a.Requiref(err != nil && took < 2*time.Second+a.Grace(), "under the alarm: wanted the end of a call by its limit, got %v after %v", err, took)
	})
	a.Requiref(a.Until(ctx, a.Within(20*time.Second), func() bool { return a.Count(journal.Handled) >= handled+backlog/4 }),
		"under the alarm: wanted consuming to go on, got %d messages handled", a.Count(journal.Handled)-handled)
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	a.Requiref(early.Stop(limited) == nil, "under the alarm: wanted an app to stop, got it not after %v", time.Since(began))
	if !a.Short {
		a.Wait(ctx, 30*time.Second)
	}
}

func (a *alarmed) publish(ctx context.Context, id uint64, limit time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a.journal.Note(journal.Attempted, id)
	err := a.target.Publish(limited, text(id))
	a.settle(id, err, nil)
	return err
}

// consumer declares the queue and returns what begins to consume it.
func (a *alarmed) consumer(ctx context.Context) (begin func() error, err error) {
	app := a.app(a.Node.URL())
	app.Subscriber(a.Queue("work"), a.echo(5*time.Millisecond), parley.Concurrency(8))
	if err := app.Start(ctx); err != nil {
		return nil, err
	}
	if err := app.Stop(ctx); err != nil {
		return nil, err
	}
	if a.Control == "" {
		return func() error { return app.Start(ctx) }, nil
	}
	ch, closeAll, err := channel(a.Node.URL())
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, closeAll)
	if err := ch.Qos(100, 0, false); err != nil {
		return nil, err
	}
	return func() error { return a.shared(ctx, ch) }, nil
}

// shared publishes and consumes on one connection: once the broker blocks it,
// acknowledgements do not arrive either.
func (a *alarmed) shared(ctx context.Context, ch *amqp.Channel) error {
	deliveries, err := ch.Consume(a.Queue("work"), "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	if err := ch.PublishWithContext(ctx, "", "nowhere", false, false, amqp.Publishing{}); err != nil {
		return err
	}
	var workers sync.WaitGroup
	handle := a.echo(5 * time.Millisecond)
	for range 8 {
		workers.Go(func() {
			for d := range deliveries {
				_, _ = handle(ctx, string(d.Body))
				_ = d.Ack(false)
			}
		})
	}
	return nil
}
