package asyncapi

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// teller is a TB that keeps what it is told.
type teller struct{ faults []string }

func (*teller) Helper()             {}
func (*teller) Logf(string, ...any) {}
func (c *teller) Errorf(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// Error replies are held against the document too, on both sides: they fit it,
// and one that did not would be found.
func TestWatchSeesErrorReplies(t *testing.T) {
	t.Parallel()
	for _, spoilt := range []bool{false, true} {
		seen := &teller{}
		app := parley.New(memory.New(), parley.Info("watched", "1"))
		w := &watcher{tb: seen, app: app}
		app.Use(parley.OperationMiddleware(w.around))
		app.Subscriber("refuse", func(context.Context, string) (string, error) {
			return "", parley.NewError(parley.CodeFailedPrecondition, "sold out").WithDetail(map[string]int{"left": 0})
		})
		client := parley.NewClient[string, string](app, "refuse")
		w.once.Do(w.load)
		if spoilt {
			g, err := generate(app, nil)
			require.NoError(t, err)
			g.doc.Components.Messages["RPCError"].Payload.Schema.Properties.Get("message").MaxLength = new(2)
			w.checker, err = newChecker(g.doc)
			require.NoError(t, err)
		}
		require.NoError(t, app.Start(t.Context()))
		_, err := client.Call(t.Context(), "x")
		require.ErrorContains(t, err, "sold out")
		require.NoError(t, app.Stop(context.WithoutCancel(t.Context())))
		if !spoilt {
			require.Empty(t, seen.faults)
			continue
		}
		require.Len(t, seen.faults, 2)
		require.Contains(t, seen.faults[0], "receiveRefuse refuses with what fits 0 declared messages")
		require.Contains(t, seen.faults[1], "sendRefuse answers what fits 0 declared messages")
	}
}
