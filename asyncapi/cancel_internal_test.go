package asyncapi

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// Everything that comes to a sender whose requests can be called off is exactly
// one of the replies that its document declares, on both transports.
func TestFramesOfCancellableRequestsFitTheDocument(t *testing.T) {
	t.Parallel()
	taped(t, func(ctx context.Context, t *testing.T, name string, served, asked *tape) {
		quiet, address := parley.Logger(slog.New(slog.DiscardHandler)), "called.off."+name
		service, client := parley.New(served, quiet), parley.New(asked, parley.Info("asks", "1"), quiet, parley.Cancellable())
		begun := make(chan struct{}, 10)
		work := func(ctx context.Context, what string) (*row, error) {
			switch what {
			case "nothing":
				return nil, nil
			case "fails":
				return nil, parley.NewError(parley.CodeAborted, "no")
			case "waits":
				begun <- struct{}{}
				<-ctx.Done()
			case "lasts":
				served.await(ctx, "beat")
			}
			return &row{1}, nil
		}
		service.Subscriber(address+".row", work)
		service.Subscriber(address+".any", work)
		service.Subscriber(address+".none", func(string) {})
		rows := parley.NewClient[string, *row](client, address+".row")
		anything := parley.NewClient[string, *parley.Message](client, address+".any")
		unread := parley.NewClient[string, parley.NoBody](client, address+".none")
		require.NoError(t, service.Start(ctx))
		require.NoError(t, client.Start(ctx))
		for _, what := range []string{"", "lasts"} {
			_, err := rows.Call(ctx, what)
			require.NoError(t, err, what)
		}
		for _, what := range []string{"", "nothing"} {
			_, err := anything.Call(ctx, what)
			require.NoError(t, err, what)
		}
		_, err := unread.Call(ctx, "")
		require.NoError(t, err)
		_, err = rows.Call(ctx, "fails")
		require.ErrorIs(t, err, parley.NewError(parley.CodeAborted, ""))
		short, leave := context.WithCancel(ctx)
		go func() { <-begun; leave() }()
		_, err = rows.Call(short, "waits")
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, client.Stop(ctx))
		require.NoError(t, service.Stop(ctx))

		w := &watcher{tb: t, app: client}
		w.load()
		plans, calls := map[string]*operationPlan{}, map[string]*operationPlan{}
		for _, p := range w.declared {
			plans[p.Address] = p
		}
		for _, p := range asked.all() {
			if plan := plans[p.Key]; plan != nil {
				calls[p.Message.CorrelationID] = plan
			}
		}
		seen := map[string]bool{}
		for _, p := range served.all() {
			plan, kind := calls[p.Message.CorrelationID], p.Message.Header(parley.HeaderStreamFrame)
			w.fits(plan, "is answered", p.Message, plan.answers)
			if p.Message.Header(parley.HeaderError) != "" {
				kind = "error"
			}
			seen[kind] = true
		}
		require.Equal(t, []string{"", "beat", "error", "open"}, slices.Sorted(maps.Keys(seen)), "each kind was looked at")

		faults := &teller{}
		w.tb = faults
		for _, plan := range w.declared {
			w.fits(plan, "is answered", &parley.Message{Headers: parley.Headers{parley.HeaderStreamFrame: "item"}}, plan.answers)
		}
		require.Len(t, faults.faults, 3, "a frame of another kind is none of them")
	})
}
