// Package rabbittest gives tests a RabbitMQ node.
//
// All tests of a binary share one node, which starts when the first of them
// asks for it and stops at the end of [Main]. Where RabbitMQ is not installed
// such tests are skipped, with one line for the whole binary; the environment
// variable [Env] decides otherwise.
package rabbittest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/parley-go/parley/internal/rabbitnode"
)

// Env names the environment variable that rules over tests with a broker:
// "require" makes a missing server a failure, as CI=true does; "off" skips.
const Env = "PARLEY_TEST_BROKER"

// startBudget bounds the start of a node, of which several may start at once on
// a machine that is loaded; it is no expectation.
const startBudget = 4 * time.Minute

var shared struct {
	sync.Mutex
	node    *rabbitnode.Node
	err     error
	skipped bool
}

// Main runs the tests of a binary and stops its node. Use it as TestMain's
// last statement; checks are run when the node is gone, and each of them may
// return another exit code.
func Main(m *testing.M, checks ...func(code int) int) {
	os.Exit(run(m, checks))
}

func run(m *testing.M, checks []func(int) int) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.node != nil {
		if err := shared.node.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	for _, check := range checks {
		code = check(code)
	}
	return code
}

// URL returns the address of the shared node. The test is skipped or failed
// when there is none.
func URL(tb testing.TB) string {
	tb.Helper()
	return Shared(tb).URL()
}

// Shared returns the shared node. A test must not break it, see [Node].
func Shared(tb testing.TB) *rabbitnode.Node {
	tb.Helper()
	need(tb)
	shared.Lock()
	defer shared.Unlock()
	if shared.node == nil && shared.err == nil {
		shared.node, shared.err = start(rabbitnode.Options{})
	}
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.node
}

// Node starts a node of the test's own, which the test may break, and stops it
// when the test ends.
func Node(tb testing.TB, o rabbitnode.Options) *rabbitnode.Node {
	tb.Helper()
	need(tb)
	n, err := start(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := n.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return n
}

func start(o rabbitnode.Options) (*rabbitnode.Node, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startBudget)
	defer cancel()
	return rabbitnode.Start(ctx, o)
}

func need(tb testing.TB) {
	tb.Helper()
	if os.Getenv(Env) == "off" {
		tb.Skip("needs a broker; " + Env + "=off")
	}
	err := rabbitnode.Available()
	if err == nil {
		return
	}
	if os.Getenv(Env) == "require" || os.Getenv("CI") == "true" {
		tb.Fatal(err)
	}
	shared.Lock()
	defer shared.Unlock()
	if !shared.skipped {
		shared.skipped = true
		fmt.Fprintln(os.Stderr, "left out: tests that need a RabbitMQ server:", err)
	}
	tb.SkipNow()
}
