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

// clientRestarted kills a client while its requests are with the server, and
// lets the server answer all of them before the client is back.
func clientRestarted() Scenario {
	const window = 100
	return Scenario{
		Number: 19, Name: "client restarted, answers in a durable queue",
		Must:     "every answer processed once; what comes twice is flagged",
		Controls: []string{string(victim.ExclusiveReplies)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load, faults := r.Load(5000), r.Faults(3)
			expect := oracle.Expect{Duplicates: faults * window}
			server := r.Job(victim.Server, "server", "work")
			server.Work, server.Concurrency, server.Prefetch = 10*time.Millisecond, 16, 64
			if _, err := r.Spawn(ctx, server); err != nil {
				return expect, err
			}
			j := r.Job(victim.Asker, "client", "work")
			j.Flavor, j.Concurrency, j.First, j.Count = victim.Flavor(r.Control), window, r.IDs(load), uint64(load)
			client, err := respawn(ctx, r, j)
			if err != nil {
				return expect, err
			}
			for i := range faults {
				if err := r.At(ctx, journal.Attempted, load*(i+1)/(faults+1)); err != nil {
					return expect, err
				}
				client.Kill()
				r.Injected()
				r.Requiref(r.Until(ctx, settleWithin, func() bool { return stored(r) <= r.Count(journal.Handled) && depth(r, r.Queue("work")) == 0 }),
					"wanted the server to go on without its client")
				r.Note("%d answers waited", depth(r, victim.Replies(r.Queue("work"))))
				began, processed := time.Now(), r.Count(journal.Replied)
				if client, err = respawn(ctx, r, j); err != nil {
					return expect, err
				}
				r.Requiref(r.Until(ctx, recoverWithin, func() bool { return r.Count(journal.Replied) > processed }), "nothing was processed within %v after the restart", recoverWithin)
				r.Took(time.Since(began))
			}
			if err := r.At(ctx, journal.Attempted, load); err != nil {
				return expect, err
			}
			r.Settle(ctx, settleWithin, "work")
			answered(ctx, r, j)
			if err := client.Terminate(stopBudget); err != nil {
				r.Wrongf("%v", err)
			}
			r.Note("%d answers flagged as duplicates", flagged(r))
			return expect, nil
		},
	}
}

// answered waits for the last answers and looks at each.
func answered(ctx context.Context, r *stage.Run, j victim.Job) {
	r.Until(ctx, patience(r), func() bool { return uint64(r.Count(journal.Replied)) >= j.Count })
	without, twice := 0, 0
	for id := j.First; id < j.First+j.Count; id++ {
		switch n := r.Of(id).Replied; {
		case n == 0:
			without++
		case n > 1:
			twice++
		}
	}
	r.Requiref(without == 0, "wanted an answer to every request, got none to %d of %d", without, j.Count)
	r.Requiref(twice == 0, "wanted every answer processed once, got %d processed again", twice)
}

// respawn starts the client. The broker may not have noticed yet that the one
// before is dead, and then holds its exclusive queue.
func respawn(ctx context.Context, r *stage.Run, j victim.Job) (client *victim.Child, err error) {
	r.Until(ctx, 10*time.Second, func() bool {
		client, err = r.Spawn(ctx, j)
		return err == nil
	})
	return client, err
}

// stored is how many requests the broker has confirmed.
func stored(r *stage.Run) int { return r.Count(journal.OK) }

// flagged counts the answers that a client had processed before.
func flagged(r *stage.Run) (n int) {
	logs, _ := filepath.Glob(filepath.Join(r.Folder(), "*.log"))
	for _, name := range logs {
		content, err := os.ReadFile(name)
		if err == nil {
			n += bytes.Count(content, []byte(victim.DuplicateReply))
		}
	}
	return n
}
