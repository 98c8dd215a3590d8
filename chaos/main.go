// Command chaos breaks brokers, networks and services on purpose and proves
// that parley loses nothing: every scenario also runs with one protection
// left out, and must then be seen to fail.
//
//	go run ./chaos                    all scenarios
//	go run ./chaos -short             a tenth of the load, one fault each
//	go run ./chaos -scenarios 1,5     some of them
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

	"github.com/parley-go/parley/chaos/internal/suite"
	"github.com/parley-go/parley/chaos/internal/victim"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == victim.Verb {
		exit(victim.Main(os.Stdin, os.Stdout))
		return
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	exit(run(ctx, os.Args[1:]))
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
	fmt.Printf("seed %d, journals in %s\n", o.Seed, o.Folder)
	all, err := suite.Run(ctx, o)
	suite.Report(os.Stdout, o, all)
	if err != nil {
		return err
	}
	if err := write(out, o, all); err != nil {
		return err
	}
	broken := 0
	for i := range all {
		if !all[i].Passed() {
			broken++
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d scenarios did not hold; journals in %s", broken, len(all), o.Folder)
	}
	return os.RemoveAll(o.Folder)
}

func write(path string, o suite.Options, all []suite.Outcome) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	suite.Report(f, o, all)
	return f.Close()
}
