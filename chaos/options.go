package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-go/parley/chaos/internal/scenario"
	"github.com/parley-go/parley/chaos/internal/suite"
)

// options reads the command line.
func options(args []string) (o suite.Options, out string, err error) {
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	names := flags.String("scenarios", "", "numbers of the scenarios to run, with commas, or ci; all by default")
	flags.BoolVar(&o.Short, "short", false, "a tenth of the load and one fault each")
	flags.DurationVar(&o.Soak, "soak", 0, "how long the soak (scenario 29) lasts; without it 20 minutes, a minute with -short")
	flags.Uint64Var(&o.Seed, "seed", rand.Uint64()%1_000_000, "reproduces the choices of a run")
	flags.IntVar(&o.Lanes, "lanes", 2, "how many runs go on at once, each on a broker of its own")
	flags.StringVar(&out, "out", "chaos/RESULTS.md", "file for the table; empty for none")
	if err := flags.Parse(args); err != nil {
		return o, "", err
	}
	if o.Scenarios, err = choose(*names); err != nil {
		return o, "", err
	}
	if o.Lanes < 1 {
		return o, "", fmt.Errorf("wanted at least one lane, got %d", o.Lanes)
	}
	self, err := os.Executable()
	if err != nil {
		return o, "", err
	}
	o.Command = func() *exec.Cmd { return exec.Command(self, suite.Verb) }
	o.Out, o.Terminal = os.Stdout, terminal(os.Stdout)
	o.Folder, err = os.MkdirTemp("", "parley-chaos-")
	return o, out, err
}

// landing are the scenarios that run before a change lands: one for each
// promise, those that last long left out.
var landing = []int{1, 3, 4, 5, 6, 10, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 25, 26, 31}

// choose returns the scenarios of those numbers.
func choose(names string) ([]scenario.Scenario, error) {
	all := scenario.All()
	switch names {
	case "":
		return all, nil
	case "ci":
		return slices.DeleteFunc(all, func(s scenario.Scenario) bool { return !slices.Contains(landing, s.Number) }), nil
	}
	var chosen []scenario.Scenario
	for name := range strings.SplitSeq(names, ",") {
		number, err := strconv.Atoi(strings.TrimSpace(name))
		i := slices.IndexFunc(all, func(s scenario.Scenario) bool { return s.Number == number })
		if err != nil || i < 0 {
			return nil, fmt.Errorf("wanted numbers of scenarios, got %q; hint: leave -scenarios out for all", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// terminal reports whether f draws what is written to it.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != ""
}
