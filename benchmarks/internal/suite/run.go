package suite

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-go/parley/benchmarks/internal/contender"
	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/report"
)

const (
	runTimeout = 2 * time.Minute // a run that lasts longer has lost messages
	restTime   = 200 * time.Millisecond
)

// queueOf names the queue of a workload's runs.
func queueOf(w peer.Workload) string { return "parley.bench." + w.Name }

// run does one workload once with one peer, in fresh processes on a fresh
// queue, and verifies the work.
func (s *suite) run(ctx context.Context, p Peer, w peer.Workload, n int) (report.Run, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, runTimeout, fmt.Errorf("wanted an end within %s", runTimeout))
	defer cancel()
	job := peer.Job{Workload: w.Name, N: n, Callers: w.Callers}
	if w.Kind == peer.InMemory {
		return s.alone(ctx, p, job)
	}
	job.URL, job.Queue = s.Broker.URL, queueOf(w)
	if err := s.Broker.renew(job.Queue, w.Quorum); err != nil {
		return report.Run{}, err
	}
	run, err := s.onBroker(ctx, p, w, job)
	if err != nil {
		return report.Run{}, err
	}
	left := 0
	if w.Kind == peer.Publishing {
		left = n
	}
	return run, s.Broker.verify(ctx, job.Queue, left)
}

func (s *suite) onBroker(ctx context.Context, p Peer, w peer.Workload, job peer.Job) (report.Run, error) {
	switch w.Kind {
	case peer.Requesting, peer.Streaming:
		return s.pair(ctx, p, job)
	case peer.Consuming:
		if err := contender.Preload(ctx, job); err != nil {
			return report.Run{}, fmt.Errorf("preload: %w", err)
		}
		time.Sleep(restTime)
	}
	return s.worker(ctx, p, job)
}

func (s *suite) worker(ctx context.Context, p Peer, job peer.Job) (report.Run, error) {
	job.Role = peer.Worker
	broker := s.Broker.cpu()
	worker, err := start(ctx, p.Command, job)
	if err != nil {
		return report.Run{}, err
	}
	defer worker.kill()
	result, err := worker.result()
	if err != nil {
		return report.Run{}, err
	}
	return figures(job.N, s.Broker.cpu()-broker, result), worker.end()
}

func (s *suite) pair(ctx context.Context, p Peer, job peer.Job) (report.Run, error) {
	job.Role = peer.Server
	server, err := start(ctx, p.Command, job)
	if err != nil {
		return report.Run{}, err
	}
	defer server.kill()
	if _, err := server.expect(peer.Ready); err != nil {
		return report.Run{}, err
	}
	job.Role = peer.Client
	client, err := start(ctx, p.Command, job)
	if err != nil {
		return report.Run{}, err
	}
	defer client.kill()
	if _, err := client.expect(peer.Warm); err != nil {
		return report.Run{}, err
	}
	broker := s.Broker.cpu()
	called, err := measure(server, client)
	if err != nil {
		return report.Run{}, err
	}
	spent := s.Broker.cpu() - broker
	served, err := server.finish()
	if err != nil {
		return report.Run{}, err
	}
	return figures(job.N, spent, called, served), nil
}

// measure starts both meters and returns when the client has ended, in order.
func measure(server, client *process) (peer.Result, error) {
	if err := server.signal(); err != nil {
		return peer.Result{}, err
	}
	if err := client.signal(); err != nil {
		return peer.Result{}, err
	}
	result, err := client.result()
	if err != nil {
		return peer.Result{}, err
	}
	return result, client.end()
}

// alone runs a client that brings its own server.
func (s *suite) alone(ctx context.Context, p Peer, job peer.Job) (report.Run, error) {
	job.Role = peer.Client
	client, err := start(ctx, p.Command, job)
	if err != nil {
		return report.Run{}, err
	}
	defer client.kill()
	if _, err := client.expect(peer.Warm); err != nil {
		return report.Run{}, err
	}
	if err := client.signal(); err != nil {
		return report.Run{}, err
	}
	result, err := client.result()
	if err != nil {
		return report.Run{}, err
	}
	return figures(job.N, 0, result), client.end()
}

// figures puts the results of a run's processes together; the first one did
// the counting.
func figures(n int, broker time.Duration, results ...peer.Result) report.Run {
	count := float64(n)
	run := report.Run{Rate: count / results[0].Seconds, P50: results[0].P50, P99: results[0].P99}
	for _, r := range results {
		run.Own += r.CPU() * 1e6 / count
		run.Allocs += r.Allocs / count
	}
	if broker > 0 {
		run.All = run.Own + float64(broker)/float64(time.Microsecond)/count
	}
	return run
}
