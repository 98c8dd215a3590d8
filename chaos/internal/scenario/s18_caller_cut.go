package scenario

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// callerCut resets the caller's connection while its requests are in the
// servers' hands: half of them on an inbox, half on a named reply queue.
func callerCut() Scenario {
	const soon = time.Second
	return Scenario{
		Number: 18, Name: "caller's connection cut with calls pending",
		Short: 7 * time.Second, Full: 10 * time.Second,
		Must:     "inbox: all end within 1 s as unknown; named reply queue: all are answered",
		Controls: []string{"loss not propagated to pending calls"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load := r.Load(1000)
			r.Faults(1)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			network, url, err := r.Network()
			if err != nil {
				return oracle.Expect{}, err
			}
			var begun atomic.Int64
			release := make(chan struct{})
			server := b.app(r.Node.URL())
			server.Subscriber(r.Queue("work"), func(ctx context.Context, body string) (string, error) {
				begun.Add(1)
				<-release
				return b.echo(0)(ctx, body)
			}, parley.Concurrency(load))
			inbox := b.app(url)
			named := b.app(url, rabbitmq.ReplyQueue(r.Queue("replies")))
			waiting, lasting := inbox.Publisher(r.Queue("work")), named.Publisher(r.Queue("work"))
			for _, app := range b.apps {
				if err := app.Start(ctx); err != nil {
					return oracle.Expect{}, err
				}
			}
			ask := func(id uint64) error {
				_, err := waiting.Request(ctx, text(id), parley.Timeout(20*time.Second))
				return err
			}
			if r.Control != "" {
				raw, err := victim.NewRawCaller(url, r.Queue("work"), false)
				if err != nil {
					return oracle.Expect{}, err
				}
				defer raw.Close()
				ask = func(id uint64) error {
					_, err := raw.Call(ctx, text(id), 6*time.Second)
					return err
				}
			}
			var took durations
			var cut atomic.Int64
			var short, long sync.WaitGroup
			first := r.IDs(load)
			short.Go(func() {
				crowd(load/2, load, first, func(id uint64) {
					b.journal.Note(journal.Attempted, id)
					err := ask(id)
					took.add(time.Since(time.Unix(0, cut.Load())))
					b.settle(id, err, nil)
					r.Requiref(errors.Is(err, parley.ErrOutcomeUnknown), "call %d: wanted an unknown outcome, got: %v", id, err)
				})
			})
			long.Go(func() {
				crowd(load/2, load, first+uint64(load/2), func(id uint64) {
					b.journal.Note(journal.Attempted, id)
					_, err := lasting.Request(ctx, text(id), parley.Timeout(time.Minute))
					b.settle(id, err, nil)
					r.Requiref(err == nil, "call %d: wanted an answer after the reconnect, got: %v", id, err)
				})
			})
			if !r.Until(ctx, time.Minute, func() bool { return begun.Load() == int64(load) }) {
				close(release)
				return oracle.Expect{}, errors.New("the requests did not reach the server")
			}
			cut.Store(time.Now().UnixNano())
			network.Reset()
			r.Injected()
			short.Wait()
			close(release)
			long.Wait()
			most := soon + r.Grace()
			r.Requiref(took.over(most) == 0, "wanted all calls on the inbox to end within %v, got %d later", most, took.over(most))
			return oracle.Expect{Definite: r.Control != ""}, nil
		},
	}
}
