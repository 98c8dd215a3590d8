package scenario

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// concurrentCalls are answered out of order.
func concurrentCalls() Scenario {
	return Scenario{
		Number: 17, Name: "concurrent calls on one connection",
		Short: 2 * time.Second, Full: 10 * time.Second,
		Must:     "every reply reaches its own caller; none is left over",
		Controls: []string{"replies matched by arrival order"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load := r.Load(10_000)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			server := b.app(r.Node.URL())
			server.Subscriber(r.Queue("work"), func(ctx context.Context, body string) (string, error) {
				id, err := strconv.ParseUint(body, 10, 64)
				if err != nil {
					return "", err
				}
				return b.echo(r.Jitter(id, 5*time.Millisecond))(ctx, body)
			})
			client := b.app(r.Node.URL())
			target := client.Publisher(r.Queue("work"))
			if err := server.Start(ctx); err != nil {
				return oracle.Expect{}, err
			}
			if err := client.Start(ctx); err != nil {
				return oracle.Expect{}, err
			}
			ask := func(id uint64) (string, error) {
				return parley.Request[string](ctx, target, text(id), parley.Timeout(time.Minute))
			}
			if r.Control != "" {
				raw, err := victim.NewRawCaller(r.Node.URL(), r.Queue("work"), true)
				if err != nil {
					return oracle.Expect{}, err
				}
				defer raw.Close()
				ask = func(id uint64) (string, error) { return raw.Call(ctx, text(id), time.Minute) }
			}
			var took durations
			crowd(load, load, r.IDs(load), func(id uint64) {
				b.journal.Note(journal.Attempted, id)
				began := time.Now()
				answer, err := ask(id)
				took.add(time.Since(began))
				b.settle(id, err, nil)
				r.Requiref(err != nil || answer == text(id), "call %d got the answer %s", id, answer)
			})
			slices.Sort(took.all)
			r.Note("p50 %v, p99 %v", took.all[load/2].Round(time.Millisecond), took.all[load*99/100].Round(time.Millisecond))
			r.Requiref(client.Stats().LateReplies == 0, "wanted no reply left over, got %d", client.Stats().LateReplies)
			return oracle.Expect{}, nil
		},
	}
}
