package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/parley-go/parley/benchmarks/internal/peer"
)

// options are the command line.
type options struct {
	reps       int
	seconds    float64
	seed       uint64
	workloads  []peer.Workload
	contenders []string // names, empty for all
	peers      string   // name=command, comma-separated
	url        string
	pid        int
	out        string
}

func parseOptions(args []string) (options, error) {
	var o options
	var workloads, contenders string
	flags := flag.NewFlagSet("benchmarks", flag.ContinueOnError)
	flags.IntVar(&o.reps, "reps", 12, "repetitions; each runs every contender once, in random order")
	flags.Float64Var(&o.seconds, "seconds", 1.5, "length of a run")
	flags.Uint64Var(&o.seed, "seed", rand.Uint64(), "of the order within repetitions")
	flags.StringVar(&workloads, "workloads", "", "comma-separated, of "+strings.Join(peer.Names(), ", ")+"; default all")
	flags.StringVar(&contenders, "contenders", "", "names separated by semicolons; default all")
	flags.StringVar(&o.peers, "peers", "", "further peers as name=command, comma-separated")
	flags.StringVar(&o.url, "url", "", "AMQP URL of a running broker; default a private node")
	flags.IntVar(&o.pid, "pid", 0, "with -url: process id of the broker, for its CPU time")
	flags.StringVar(&o.out, "out", "benchmarks/RESULTS.md", "file for the results; empty for none")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.reps < 1 || o.seconds <= 0 || flags.NArg() > 0 {
		return o, fmt.Errorf("wanted at least 1 repetition, more than 0 seconds and no further arguments, got %d, %g and %q", o.reps, o.seconds, flags.Args())
	}
	if contenders != "" {
		o.contenders = strings.Split(contenders, ";")
	}
	var err error
	o.workloads, err = peer.Select(workloads)
	return o, err
}
