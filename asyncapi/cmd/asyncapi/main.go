// Command asyncapi works on AsyncAPI documents and on the comments that go into
// them.
//
//	asyncapi docs [-o file] [-var name] [package ...]
//
// writes a Go file with the doc comments of packages, the one here by default,
// for [github.com/parley-go/parley/asyncapi.Docs]. It is made for go generate:
//
//	//go:generate go run github.com/parley-go/parley/asyncapi/cmd/asyncapi docs
//
//	asyncapi lint file
//
// prints what is wrong with a document, and ends with 1 if that is an error.
//
//	asyncapi diff [-json] old new
//
// prints which change breaks whom. It ends with 1 when something breaks, with 2
// when that cannot be told, with 0 when nothing breaks.
//
// Wrong use, or a file that cannot be read, ends with 3.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/parley-go/parley/asyncapi"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// failed is the exit code of a command that could not do its work.
const failed = 3

const usage = "usage: asyncapi docs [-o file] [-var name] [package ...] | lint file | diff [-json] old new"

func run(args []string, stdout, stderr io.Writer) int {
	commands := map[string]func(args []string, stdout io.Writer) (int, error){"docs": docs, "lint": lint, "diff": diff}
	if len(args) == 0 || commands[args[0]] == nil {
		_, _ = fmt.Fprintln(stderr, usage)
		return failed
	}
	code, err := commands[args[0]](args[1:], stdout)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "asyncapi:", err)
		return failed
	}
	return code
}

// parse reads flags and refuses any other number of arguments than want; -1
// takes any.
func parse(flags *flag.FlagSet, args []string, want int) error {
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w; %s", err, usage)
	}
	if want >= 0 && flags.NArg() != want {
		return fmt.Errorf("wanted %d files, got %d; %s", want, flags.NArg(), usage)
	}
	return nil
}

func read(file string) (*asyncapi.Document, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	d, err := asyncapi.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

func lint(args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("lint", flag.ContinueOnError)
	if err := parse(flags, args, 1); err != nil {
		return failed, err
	}
	d, err := read(flags.Arg(0))
	if err != nil {
		return failed, err
	}
	code := 0
	for _, f := range asyncapi.Lint(d) {
		_, _ = fmt.Fprintln(stdout, f)
		if f.Severity == asyncapi.SeverityError {
			code = 1
		}
	}
	return code, nil
}

func diff(args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("diff", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print JSON")
	if err := parse(flags, args, 2); err != nil {
		return failed, err
	}
	older, err := read(flags.Arg(0))
	if err != nil {
		return failed, err
	}
	newer, err := read(flags.Arg(1))
	if err != nil {
		return failed, err
	}
	changes := asyncapi.Diff(older, newer)
	if !*asJSON {
		_, err = io.WriteString(stdout, changes.Text())
		return changes.ExitCode(), err
	}
	data, err := changes.JSON()
	if err != nil {
		return failed, err
	}
	_, err = fmt.Fprintf(stdout, "%s\n", data)
	return changes.ExitCode(), err
}
