package parley

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport/memory"
)

// maxRequestAllocations is what a request with its reply may allocate on the
// memory transport, both sides together, text in and out: 35, and a few more
// under the race detector.
const maxRequestAllocations = 38

func TestAllocationsOfARequest(t *testing.T) {
	app := New(memory.New())
	app.Subscriber("echo", func(_ context.Context, s string) (string, error) { return s, nil })
	echo := app.Publisher("echo")
	require.NoError(t, app.Start(t.Context()))
	ctx := context.Background()
	got := testing.AllocsPerRun(2000, func() {
		if _, err := Request[string](ctx, echo, "x"); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%.1f allocations", got)
	require.LessOrEqual(t, got, float64(maxRequestAllocations))
	require.NoError(t, app.Stop(ctx))
}

func TestFollowingNothingAllocatesNothing(t *testing.T) {
	ctx := context.WithValue(t.Context(), outgoingKey{}, &outgoing{stream: &reader{}})
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if s, ok := StreamFrom(ctx); !ok || s.Sent()+s.Received() != 0 {
			t.Error("wanted a stream that has not begun")
		}
	}))
}

type plain struct {
	Name  string
	Inner []struct{ N *int }
	Self  *plain
}

type tagged struct {
	Plain plain
	Deep  map[string][]*struct {
		N int `validate:"gt=0"`
	}
}

func TestTypesWithoutTagsAreNotValidated(t *testing.T) {
	t.Parallel()
	c := newChecks(nil)
	for _, v := range []any{"", 7, plain{}, &plain{}, []plain{}, map[string]plain{}} {
		require.Nil(t, c.compile(reflect.TypeOf(v)), "%T", v)
	}
	for _, v := range []any{tagged{}, &tagged{}, []tagged{}, map[string][]*tagged{}} {
		require.NotNil(t, c.compile(reflect.TypeOf(v)), "%T", v)
	}
}
