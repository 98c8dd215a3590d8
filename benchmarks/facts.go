package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/parley-go/parley/benchmarks/internal/report"
	"github.com/parley-go/parley/benchmarks/internal/suite"
)

// facts are what a reader needs to judge the figures.
func facts(o options, c suite.Config) []report.Fact {
	broker := "none"
	if c.Broker != nil {
		broker = c.Broker.Version + ", one node on loopback, default settings"
	}
	return []report.Fact{
		{Name: "repetitions", Value: fmt.Sprintf("%d, each contender once in each, in random order (-seed %d)", o.reps, o.seed)},
		{Name: "length of a run", Value: fmt.Sprintf("%g s, from two trial runs per contender; fresh processes, fresh queue", o.seconds)},
		{Name: "machine", Value: fmt.Sprintf("%d cores, %s, %s/%s", runtime.NumCPU(), cpuModel(), runtime.GOOS, runtime.GOARCH)},
		{Name: "broker", Value: broker},
		{Name: "versions", Value: runtime.Version() + modules("github.com/rabbitmq/amqp091-go", "github.com/go-playground/validator/v10")},
		{Name: "queues", Value: "durable classic without arguments; W1q quorum; persistent messages in W1 to W3, transient requests and replies"},
		{Name: "prefetch and windows", Value: "raw 250 per channel (naive 1 channel, best 2), 512 confirms per channel (naive 1); parley as stated below"},
	}
}

// modules returns the versions linked into this program.
func modules(paths ...string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var b strings.Builder
	for _, dep := range info.Deps {
		for _, path := range paths {
			if dep.Path == path {
				fmt.Fprintf(&b, ", %s %s", dep.Path, dep.Version)
			}
		}
	}
	return b.String()
}

func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
