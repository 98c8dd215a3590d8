package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

const (
	// fullSoak and fullLoad are the figures of the long form; shorter ones send
	// in proportion, and a tenth of that in the short form.
	fullSoak, fullLoad = 20 * time.Minute, 2_000_000
	shortSoak          = time.Minute
	// soakWindow are messages in flight, soakPrefetch what a consumer may hold.
	soakWindow, soakPrefetch = 64, 128
)

// soak is a random mix of the faults of scenarios 1 to 13.
func soak() Scenario {
	return Scenario{
		Number: 29, Name: "soak: a random mix of faults",
		Short: 95 * time.Second, Full: 1350 * time.Second,
		Must:     "0 lost; heap, goroutines and descriptors of the services flat",
		Controls: []string{string(victim.NoConfirms)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			d := soakTime(r)
			load := r.Load(int(fullLoad * d / fullSoak))
			plan := mix(r.Rand, int(d/(10*time.Second))+len(faultKinds))
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			s := &soaking{bench: b, kinds: map[string]int{}}
			faults, err := s.act(ctx, d, load, plan)
			// A fault for each half minute is the least that counts as a mix.
			r.AtLeast(max(2, int(d/(30*time.Second))))
			r.Note("%v, faults %v", d, s.kinds)
			return oracle.Expect{Definite: true, Duplicates: faults * (soakWindow + 2*soakPrefetch)}, err
		},
	}
}

func soakTime(r *stage.Run) time.Duration {
	d := fullSoak
	switch {
	case r.Duration > 0:
		d = r.Duration
	case r.Short:
		d = shortSoak
	}
	if r.Control != "" {
		d = max(20*time.Second, d/10)
	}
	return d
}

// step is a fault of the mix and the pause before it.
type step struct {
	kind  string
	pause time.Duration
	// chance makes the fault's own choices.
	chance *rand.Rand
}

// mix draws n steps: every kind comes before one comes again, a killed broker
// first, without which a short control could not fail.
func mix(chance *rand.Rand, n int) []step {
	const shortest, longest = time.Second, 6 * time.Second
	var all []step
	for len(all) < n {
		for _, i := range chance.Perm(len(faultKinds)) {
			all = append(all, step{
				kind: faultKinds[i], pause: shortest + time.Duration(chance.Int64N(int64(longest-shortest))),
				chance: rand.New(rand.NewPCG(chance.Uint64(), 0)),
			})
		}
	}
	for i := range all {
		if all[i].kind == killBroker {
			all[0].kind, all[i].kind = all[i].kind, all[0].kind
			break
		}
	}
	return all[:n]
}

func (s *soaking) act(ctx context.Context, d time.Duration, load int, plan []step) (faults int, err error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	for _, next := range plan {
		s.Wait(ctx, next.pause)
		// A control has failed with its first faults, or never will.
		if time.Since(began) > d || ctx.Err() != nil {
			break
		}
		if err := s.inject(ctx, next); err != nil {
			return faults, fmt.Errorf("%s: %w", next.kind, err)
		}
		s.kinds[next.kind]++
		faults++
		if s.Control == "" {
			s.Resumed(ctx, time.Minute)
		}
	}
	s.Until(ctx, d, func() bool { return time.Since(began) > d && s.Count(journal.Attempted) >= load })
	if err := s.publisher.Terminate(time.Minute); err != nil {
		s.Wrongf("the publisher did not stop: %v", err)
	}
	s.Settle(ctx, settleWithin, "work")
	return faults, context.Cause(ctx)
}
