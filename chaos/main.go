// Command chaos breaks brokers, networks and services on purpose and proves
// that parley loses nothing: every scenario also runs with one protection
// left out, and must then be seen to fail.
//
//	go run ./chaos                    all scenarios
//	go run ./chaos -short             a tenth of the load, one fault each
//	go run ./chaos -scenarios 1,5     some of them
//	go run ./chaos -seed 7            the choices of an earlier run once more
//
// It needs an installed rabbitmq-server, of which it starts private nodes. The
// table goes to the file named by -out. The exit status is 0 only when every
// promise held, every control failed, and no run fell short of its load.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/parley-go/parley/chaos/internal/scenario"
	"github.com/parley-go/parley/chaos/internal/suite"
	"github.com/parley-go/parley/chaos/internal/victim"
)

func main() {
	if program := hidden(os.Args[1:]); program != nil {
		exit(program())
		return
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	exit(run(ctx, os.Args[1:]))
}

// hidden returns what the driver is when it has started itself again: a victim
// or a lane; nil when it is the driver.
func hidden(args []string) func() error {
	switch {
	case len(args) == 0:
		return nil
	case args[0] == victim.Verb:
		return func() error { return victim.Main(os.Stdin, os.Stdout) }
	case args[0] == suite.Verb:
		return func() error { return suite.Serve(os.Stdin, os.Stdout, scenario.All()) }
	}
	return nil
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, out, err := options(args)
	if err != nil {
		return err
	}
	facts := suite.Gather(ctx)
	fmt.Printf("seed %d, %d at once, about %v, journals in %s\n", o.Seed, o.Lanes, suite.Estimate(o).Round(time.Minute), o.Folder)
	all, err := suite.Run(ctx, o)
	facts.Done()
	suite.Report(os.Stdout, o, facts, all)
	if err != nil {
		return err
	}
	if err := write(out, o, facts, all); err != nil {
		return err
	}
	if err := suite.Verdict(all); err != nil {
		return fmt.Errorf("%w; journals in %s", err, o.Folder)
	}
	return os.RemoveAll(o.Folder)
}

func write(path string, o suite.Options, facts suite.Facts, all []suite.Outcome) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	suite.Report(f, o, facts, all)
	return f.Close()
}
