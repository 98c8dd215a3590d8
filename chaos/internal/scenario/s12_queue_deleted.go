package scenario

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// queueDeleted takes one of five queues away from under its subscriber.
func queueDeleted() Scenario {
	const queues, each = 5, 200
	return Scenario{
		Number: 12, Name: "queue deleted under a running subscriber",
		Short: 20 * time.Second, Full: 25 * time.Second,
		Must:     "declared and consumed again; the other four undisturbed; the log says so",
		Controls: []string{string(victim.NoRecovery)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			r.Faults(1)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			app := b.app(r.Node.URL())
			for i := range queues {
				j := r.Job(victim.Consumer, "consumer"+digit(i), "work"+digit(i))
				j.Flavor, j.Concurrency, j.Prefetch = victim.Flavor(r.Control), 4, 16
				if _, _, err := r.Go(ctx, j); err != nil {
					return oracle.Expect{}, err
				}
			}
			if err := app.Start(ctx); err != nil {
				return oracle.Expect{}, err
			}
			doomed := r.Choose("the deleted queue", queues)
			if err := r.Ctl(ctx, "delete_queue", r.Queue("work"+digit(doomed))); err != nil {
				return oracle.Expect{}, err
			}
			r.Injected()
			began := time.Now()
			r.Requiref(r.Until(ctx, r.Within(recoverWithin), func() bool { _, err := r.Depth(r.Queue("work" + digit(doomed))); return err == nil }),
				"wanted the queue to be declared again within %v", recoverWithin)
			r.Took(time.Since(began))
			for i := range queues {
				target := app.Publisher(r.Queue("work" + digit(i)))
				crowd(each, 20, r.IDs(each), func(id uint64) {
					b.journal.Note(journal.Attempted, id)
					b.settle(id, target.Publish(ctx, text(id)), nil)
				})
			}
			var others []string
			for i := range queues {
				if i != doomed {
					others = append(others, "work"+digit(i))
				}
			}
			r.Settle(ctx, time.Minute, others...)
			if r.Control != "" {
				return oracle.Expect{}, nil
			}
			for i := range queues {
				said := says(r, "consumer"+digit(i), "consumer lost")
				r.Requiref(said == (i == doomed), "queue %d: wanted the log to tell of the deleted queue and of no other, got %t", i, said)
			}
			return oracle.Expect{}, nil
		},
	}
}

func digit(i int) string { return string(rune('0' + i)) }

// says reports whether the log of a victim has text.
func says(r *stage.Run, name, text string) bool {
	content, err := os.ReadFile(journal.Path(r.Folder(), r.Name+"."+name) + ".log")
	return err == nil && bytes.Contains(content, []byte(text))
}

// logged reports whether any log of the run has text.
func logged(r *stage.Run, text string) bool {
	logs, _ := filepath.Glob(filepath.Join(r.Folder(), "*.log"))
	for _, name := range logs {
		content, err := os.ReadFile(name)
		if err != nil || bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}
