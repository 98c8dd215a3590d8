package asyncapi_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

var (
	instances = flag.Int("instances", 1000, "bodies for each type of the corpus")
	seeds     = flag.Uint64("seeds", 1, "how many sequences of such bodies, from seed 1 on")
)

// echo returns a handler that takes and gives a T.
func echo[T any]() any { return func(v T) T { return v } }

func corpus() *parley.App {
	app := parley.New(memory.New(), parley.Info("corpus", "1"))
	types := map[string]any{
		"numbers": echo[numbers](), "words": echo[words](), "collections": echo[collections](),
		"enums": echo[enums](), "embedding": echo[embedding](), "clashing": echo[clashing](),
		"recursive": echo[recursive](), "times": echo[times](), "coded": echo[coded](), "nested": echo[nested](),
		"generic": echo[envelope[Point]](), "generic2": echo[envelope[words]](),
		"slice": echo[[]Point](), "map": echo[map[string]Point](), "pointer": echo[*nested](), "int": echo[int](),
		"ints": echo[[]int](), "bool": echo[bool](), "any": echo[any](), "colour": echo[[]colour](), "level": echo[level](),
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		app.Subscriber(name, types[name])
	}
	return app
}

// collector is a TB that keeps what it is told.
type collector struct {
	mu     sync.Mutex
	faults []string
	logs   []string
}

func (c *collector) Helper() {}
func (c *collector) Logf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logs = append(c.logs, fmt.Sprintf(format, args...))
}

func (c *collector) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// The figures that are promised: no body is accepted by a schema and refused by
// the service, at least 98 % of the verdicts agree, at most 2 % are too strict.
func TestTruthOfSchemas(t *testing.T) {
	t.Parallel()
	for seed := range *seeds {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) {
			t.Parallel()
			f := asyncapi.VerifySchemas(t, corpus(), asyncapi.Instances(*instances), asyncapi.Seed(seed+1))
			t.Logf("all, seed %d: %s", seed+1, f)
			require.Zero(t, f.Unsound)
			require.Zero(t, f.Untrue)
			require.GreaterOrEqual(t, 100*f.Agreed, 98*f.Instances)
			require.LessOrEqual(t, 100*f.Strict, 2*f.Instances)
		})
	}
}
