package scenario

import (
	"context"
	"strings"
	"time"

	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// otherArguments starts a subscriber whose queue exists with other arguments.
func otherArguments() Scenario {
	const soon = 5 * time.Second
	return Scenario{
		Number: 14, Name: "declaration meets other arguments",
		Quiet: true, Short: 11 * time.Second, Full: 11 * time.Second,
		Must:     "one clear error within 5 s that names queue, wanted and found; nothing is tried again",
		Controls: []string{"406 treated as transient"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			r.Faults(1)
			ch, closeAll, err := channel(r.Node.URL())
			if err != nil {
				return oracle.Expect{}, err
			}
			defer closeAll()
			if _, err := ch.QueueDeclare(r.Queue("work"), true, false, false, false, map[string]any{"x-max-length": int32(7)}); err != nil {
				return oracle.Expect{}, err
			}
			r.Injected()
			network, url, err := r.Network()
			if err != nil {
				return oracle.Expect{}, err
			}
			j := r.Job(victim.Consumer, "consumer", "work")
			j.URL = url
			if r.Control != "" {
				j.Flavor = victim.NoConfirms
			}
			limited, cancel := context.WithTimeout(ctx, soon+r.Grace())
			defer cancel()
			_, _, err = r.Go(limited, j)
			reason := ""
			if err != nil {
				reason = err.Error()
			}
			for _, part := range []string{r.Queue("work"), "PRECONDITION_FAILED", "x-max-length", "7", "hint"} {
				r.Requiref(strings.Contains(reason, part), "wanted an error that names %q, got: %s", part, reason)
			}
			before := network.Counters().Accepted
			r.Wait(ctx, 3*time.Second)
			r.Requiref(network.Counters().Accepted == before, "wanted no further attempt, got %d", network.Counters().Accepted-before)
			return oracle.Expect{}, nil
		},
	}
}
