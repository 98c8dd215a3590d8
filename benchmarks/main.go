// Command benchmarks compares parley with RabbitMQ's Go client used by hand,
// doing the same work in the same run, and writes the ratios as one table.
//
//	go run ./benchmarks                             # everything, 12 repetitions
//	go run ./benchmarks -workloads W1,W5c64 -reps 3 # a quick look
//	go run ./benchmarks -peers "mine=./my-peer"     # with a further peer
//
// README.md in this folder says what is measured and how peers are added.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"

	"github.com/parley-go/parley/benchmarks/internal/contender"
	"github.com/parley-go/parley/benchmarks/internal/peer"
)

// peerVerb makes this program one process of a run:
// benchmarks peer NAME run JOB.
const peerVerb = "peer"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == peerVerb {
		return runPeer(ctx, args[1:])
	}
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	return compare(ctx, o)
}

// runPeer does one job as the contender of that name.
func runPeer(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("peer: wanted name, verb and job, got %d arguments", len(args))
	}
	for _, entry := range contender.All() {
		if entry.Name != args[0] {
			continue
		}
		var job peer.Job
		if err := json.Unmarshal([]byte(args[2]), &job); err != nil {
			return fmt.Errorf("peer: job: %w", err)
		}
		return peer.Run(ctx, entry.Contender, job, os.Stdin, os.Stdout)
	}
	return fmt.Errorf("peer: no contender %q", args[0])
}
