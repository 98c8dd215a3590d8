package suite

import (
	"context"
	"fmt"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/report"
)

const (
	minOperations = 200
	// trialShare is the length of the second trial run in runs.
	trialShare = 0.3
)

// sizedPeer is a peer in one workload.
type sizedPeer struct {
	Peer
	n    int // operations per run
	runs report.Series
}

// sizes fixes the operations per run of each peer that does the workload. A
// peer whose trial fails is recorded as failed and left out.
func (s *suite) sizes(ctx context.Context, w peer.Workload) ([]*sizedPeer, error) {
	var sized []*sizedPeer
	known := map[string]int{}
	for _, p := range s.Peers {
		if !p.does(w) {
			continue
		}
		n, err := known[p.TwinOf], error(nil)
		if n == 0 {
			n, err = s.trials(ctx, p, w)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			s.failed(w, p, fmt.Errorf("trial run: %w", err))
			continue
		}
		known[p.Name] = n
		sized = append(sized, &sizedPeer{Peer: p, n: n})
		fmt.Fprintf(s.Progress, "%s: %d operations per run for %s\n", w.Name, n, p.Name)
	}
	return sized, nil
}

// trials finds the operations that fill a run: a short run for a first guess,
// a longer one for the rate.
func (s *suite) trials(ctx context.Context, p Peer, w peer.Workload) (int, error) {
	n := firstTrial(w)
	for _, seconds := range []float64{s.Seconds * trialShare, s.Seconds} {
		run, err := s.run(ctx, p, w, n)
		if err != nil {
			return 0, err
		}
		n = min(max(int(run.Rate*seconds), minOperations, w.MinN), w.MaxN)
	}
	return n, nil
}

// firstTrial gives every caller a few operations.
func firstTrial(w peer.Workload) int { return min(max(minOperations, 8*w.Callers, w.MinN), w.MaxN) }
