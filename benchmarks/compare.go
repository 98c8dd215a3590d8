package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/parley-go/parley/benchmarks/internal/contender"
	"github.com/parley-go/parley/benchmarks/internal/report"
	"github.com/parley-go/parley/benchmarks/internal/suite"
	"github.com/parley-go/parley/internal/rabbitnode"
)

// compare runs the suite, prints its table and writes the page.
func compare(ctx context.Context, o options) (err error) {
	peers, err := choosePeers(ctx, o)
	if err != nil {
		return err
	}
	config := suite.Config{
		Reps: o.reps, Seconds: o.seconds, Seed: o.seed, Workloads: o.workloads, Peers: peers, Progress: os.Stderr,
	}
	if config.NeedsBroker() {
		broker, stop, err := openBroker(ctx, o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		config.Broker = broker
	}
	results, err := suite.Run(ctx, config)
	if err != nil {
		return err
	}
	results.Goals = contender.Goals()
	results.Facts = append(facts(o, config), results.Facts...)
	return publish(results, o.out)
}

func publish(results report.Results, file string) error {
	fmt.Println(results.Ratios())
	if file != "" {
		if err := os.WriteFile(file, []byte(results.Markdown()), 0o644); err != nil {
			return fmt.Errorf("write results: %w", err)
		}
	}
	if n := len(results.Failures); n > 0 {
		return fmt.Errorf("%d runs failed:\n%s", n, strings.Join(results.Failures, "\n"))
	}
	return nil
}

// openBroker starts a private node, or connects to the one of -url. The
// function ends what was started.
func openBroker(ctx context.Context, o options) (*suite.Broker, func() error, error) {
	if o.url != "" {
		broker, err := suite.OpenBroker(o.url, o.pid)
		if err != nil {
			return nil, nil, err
		}
		return broker, broker.Close, nil
	}
	node, err := rabbitnode.Start(ctx, rabbitnode.Options{})
	if err != nil {
		return nil, nil, err
	}
	broker, err := suite.OpenBroker(node.URL(), node.PID())
	if err != nil {
		return nil, nil, errors.Join(err, node.Stop())
	}
	return broker, func() error { return errors.Join(broker.Close(), node.Stop()) }, nil
}

// choosePeers returns the contenders built in, as commands of this program,
// and those of -peers.
func choosePeers(ctx context.Context, o options) ([]suite.Peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var peers []suite.Peer
	unknown := slices.Clone(o.contenders)
	for _, entry := range contender.All() {
		unknown = slices.DeleteFunc(unknown, func(name string) bool { return name == entry.Name })
		if len(o.contenders) > 0 && !slices.Contains(o.contenders, entry.Name) {
			continue
		}
		peers = append(peers, suite.Peer{
			Name: entry.Name, About: entry.About, Workloads: entry.Workloads, Against: entry.Against, TwinOf: entry.TwinOf,
			Command: []string{self, peerVerb, entry.Name},
		})
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("no contender %q", unknown)
	}
	for part := range strings.SplitSeq(o.peers, ",") {
		if part == "" {
			continue
		}
		name, command, _ := strings.Cut(part, "=")
		peer, err := suite.Describe(ctx, name, strings.Fields(command))
		if err != nil {
			return nil, err
		}
		peer.Against = []string{contender.Best, contender.Channels}
		peers = append(peers, peer)
	}
	return peers, nil
}
