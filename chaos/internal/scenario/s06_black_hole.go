package scenario

import (
	"context"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/internal/faultproxy"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// blackHole lets packets vanish, one way, the other way, and both ways.
func blackHole() Scenario {
	return Scenario{
		Number: 6, Name: "black hole between client and broker",
		Quiet: true, Short: 18 * time.Second, Full: 150 * time.Second,
		Must:     "noticed within 3 heartbeats; publishes and calls end by their context, large ones too; works again",
		Controls: []string{"watchdog off"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			network, url, err := r.Network()
			if err != nil {
				return oracle.Expect{}, err
			}
			heartbeat, lasts := 5*time.Second, 30*time.Second
			if r.Short {
				// Longer than three heartbeats, so that the oracle sees them pass.
				heartbeat, lasts = 2*time.Second, 7*time.Second
			}
			directions := 3
			if r.Control != "" {
				// A write hangs only where the way to the server is gone, and a
				// control may have no more than one fault.
				directions = 2
			}
			first := r.Choose("the first direction", directions)
			h := &hole{
				url: url, heartbeat: heartbeat, lasts: lasts,
				begin: func(i int) {
					network.Freeze([]faultproxy.Direction{faultproxy.Both, faultproxy.ToServer, faultproxy.ToClient}[(first+i)%3])
				},
				end:     network.Thaw,
				noticed: func() int64 { return network.Counters().Accepted },
			}
			return oracle.Expect{Definite: true, Duplicates: 1 << 20}, h.act(ctx, r, r.Faults(3))
		},
	}
}

// hole is a peer that is there and says nothing.
type hole struct {
	url       string
	heartbeat time.Duration
	begin     func(i int)
	end       func()
	// noticed counts attempts to connect; nil when they cannot be counted.
	noticed func() int64
	lasts   time.Duration
}

// slack is how far after the end of its context a publish or call may return.
const slack = time.Second

func (h *hole) act(ctx context.Context, r *stage.Run, faults int) error {
	b, err := newBench(r)
	if err != nil {
		return err
	}
	defer b.close()
	options := []rabbitmq.Option{rabbitmq.Heartbeat(h.heartbeat), rabbitmq.DialTimeout(h.heartbeat)}
	service, client := b.app(h.url, options...), b.app(h.url, options...)
	service.Subscriber(r.Queue("work"), b.echo(0))
	target := client.Publisher(r.Queue("work"))
	// Declared outside the apps under test: they have to find it again.
	if err := service.Start(ctx); err != nil {
		return err
	}
	if err := client.Start(ctx); err != nil {
		return err
	}
	publish := func(ctx context.Context, body string) error { return target.Publish(ctx, body) }
	if r.Control != "" {
		raw, closeRaw, err := unwatched(h.url, r.Queue("other"))
		if err != nil {
			return err
		}
		defer closeRaw()
		publish = raw
	}
	for i := range faults {
		h.one(ctx, b, i, target, publish)
		if r.Seen() {
			return nil
		}
	}
	r.Settle(ctx, time.Minute, "work")
	return nil
}

func (h *hole) one(ctx context.Context, b *bench, i int, target *parley.Publisher, publish func(context.Context, string) error) {
	var before int64
	if h.noticed != nil {
		before = h.noticed()
	}
	h.begin(i)
	b.Injected()
	began := time.Now()
	large := strings.Repeat("x", 1<<20)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.use(ctx, b, target, func(ctx context.Context) error { return publish(ctx, large) })
	}()
	if h.noticed != nil {
		b.Requiref(b.Until(ctx, b.Within(3*h.heartbeat+slack), func() bool { return h.noticed() > before }),
			"fault %d: not noticed within %v", i+1, 3*h.heartbeat)
	}
	b.Wait(ctx, time.Until(began.Add(h.lasts)))
	b.Requiref(b.Until(ctx, b.Within(h.heartbeat), func() bool { return isClosed(ended) }), "fault %d: hanging: a publish or call did not end by its context", i+1)
	h.end()
	<-ended
	if b.Seen() {
		return
	}
	h.works(ctx, b, target)
}

// use publishes and calls under the fault; each must end by its context.
func (h *hole) use(ctx context.Context, b *bench, target *parley.Publisher, large func(context.Context) error) {
	bounded := func(what string, f func(context.Context) error) {
		limit := h.heartbeat / 2
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		began := time.Now()
		_ = f(limited)
		took := time.Since(began)
		b.Requiref(took < limit+slack+b.Grace(), "%s: wanted its end within %v, got %v", what, limit, took.Round(time.Millisecond))
	}
	for range 3 {
		bounded("large publish", large)
	}
	for range 3 {
		id := b.IDs(1)
		b.journal.Note(journal.Attempted, id)
		bounded("call", func(ctx context.Context) error {
			_, err := target.Request(ctx, text(id))
			b.settle(id, err, nil)
			return err
		})
	}
}

// works waits until a call is answered again.
func (h *hole) works(ctx context.Context, b *bench, target *parley.Publisher) {
	began := time.Now()
	ok := b.Until(ctx, b.Within(recoverWithin), func() bool {
		id := b.IDs(1)
		b.journal.Note(journal.Attempted, id)
		_, err := target.Request(ctx, text(id), parley.Timeout(2*time.Second))
		b.settle(id, err, nil)
		return err == nil
	})
	b.Requiref(ok, "no call was answered within %v after the fault", recoverWithin)
	b.Took(time.Since(began))
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// unwatched is the raw client with heartbeats so rare that they do not count.
func unwatched(url, queue string) (publish func(context.Context, string) error, closeAll func(), err error) {
	conn, err := amqp.DialConfig(url, amqp.Config{Heartbeat: time.Hour})
	if err != nil {
		return nil, nil, err
	}
	ch, err := conn.Channel()
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	closeAll = func() { go func() { _ = conn.Close() }() }
	if err := ch.Confirm(false); err != nil {
		closeAll()
		return nil, nil, err
	}
	return func(ctx context.Context, body string) error {
		for range 16 {
			// Enough to fill the buffers of both sockets: then the write hangs,
			// whatever the context says.
			if err := ch.PublishWithContext(ctx, "", queue, false, false, amqp.Publishing{Body: []byte(body)}); err != nil {
				return err
			}
		}
		return nil
	}, closeAll, nil
}
