package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/benchmarks/internal/contender"
	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/internal/rabbittest"
)

// TestMain lets the suite start this test binary as the processes of a run.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == peerVerb {
		main()
		return
	}
	// A process with the race detector otherwise sleeps for a second at its end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	rabbittest.Main(m)
}

// smoke runs the program with tiny runs and returns the page it wrote.
func smoke(t *testing.T, args ...string) string {
	t.Helper()
	page := filepath.Join(t.TempDir(), "RESULTS.md")
	args = append([]string{"-reps", "1", "-seconds", "0.02", "-out", page}, args...)
	require.NoError(t, run(t.Context(), args))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	return string(text)
}

// The other workloads are these with another queue or more callers.
func TestEveryContenderDoesEveryKindOfWork(t *testing.T) {
	shapes := []string{"W1", "W2", "W3", "W4", "S1"}
	page := smoke(t, "-url", rabbittest.URL(t), "-workloads", strings.Join(shapes, ","))
	for _, entry := range contender.All() {
		for _, workload := range entry.Workloads {
			if !slices.Contains(shapes, workload) {
				continue
			}
			require.Regexp(t, `\| `+workload+` +\| `+escaped(entry.Name)+` +\| 1 `, page)
		}
	}
	require.NotContains(t, page, "Failed runs")
}

func escaped(name string) string {
	return strings.NewReplacer("(", `\(`, ")", `\)`).Replace(name)
}

func TestInMemoryNeedsNoBroker(t *testing.T) {
	t.Parallel()
	page := smoke(t, "-workloads", "M64")
	require.Contains(t, page, "- broker: none")
	require.Regexp(t, `\| M64 +\| go channels \(twin\) +\| go channels `, page)
}

func TestMessagesThatAreLostAreFound(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "RESULTS.md")
	err := run(t.Context(), []string{
		"-reps", "1", "-seconds", "0.02", "-out", page, "-workloads", "W1", "-contenders", contender.Best,
		"-url", rabbittest.URL(t), "-peers", "idle=" + idlePeer(t),
	})
	require.ErrorContains(t, err, `idle, trial run: verify: wanted 200 messages and no consumer in "parley.bench.W1", got 0`)
}

// idlePeer is an external peer that claims to have done its work.
func idlePeer(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "idle")
	script := `#!/bin/sh
case "$1" in
describe) echo '{"about":"does nothing","workloads":["W1"]}' ;;
run) echo '{"event":"result","result":{"n":200,"seconds":0.1,"user":0.1,"system":0}}' ;;
esac
`
	require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
	return program
}

func TestOptions(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{"-workloads", "W1,W5c64", "-reps", "3"})
	require.NoError(t, err)
	require.Len(t, o.workloads, 2)
	_, err = parseOptions([]string{"-reps", "0"})
	require.ErrorContains(t, err, "at least 1 repetition")
	_, err = choosePeers(context.Background(), options{contenders: []string{"nobody"}})
	require.ErrorContains(t, err, "nobody")
	_, err = choosePeers(context.Background(), options{peers: "mine"})
	require.ErrorContains(t, err, "wanted name=command")
}

func TestPeerArguments(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(t.Context(), []string{peerVerb, "nobody", "run", "{}"}), `no contender "nobody"`)
	require.ErrorContains(t, run(t.Context(), []string{peerVerb}), "got 0 arguments")
}

func TestEveryReferenceIsAContender(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, entry := range contender.All() {
		names[entry.Name] = true
	}
	for _, entry := range contender.All() {
		for _, name := range append(entry.Against, entry.TwinOf) {
			require.True(t, name == "" || names[name], "%s is compared with %q", entry.Name, name)
		}
		for _, workload := range entry.Workloads {
			_, err := peer.Find(workload)
			require.NoError(t, err)
		}
	}
}
