package interop_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

var callModes = []struct {
	name    string
	address string // how a reply address begins
	options []rabbitmq.Option
}{
	{"inbox", inbox, nil},
	{"direct", direct, []rabbitmq.Option{rabbitmq.DirectReplies()}},
}

func TestParleyCallsForeignServers(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		for _, mode := range callModes {
			t.Run(mode.name, func(t *testing.T) {
				url, prefix := rabbittest.URL(t), "call."+l.name+"."+mode.name
				s := startServer(t, l, url, prefix)
				requireAnswers(t, newApp(rabbitmq.New(url, mode.options...)), prefix, values)
				requests := s.stop()
				require.Len(t, requests, len(values))
				ids := map[any]bool{}
				for i, v := range values {
					require.Equal(t, v.kind, requests[i].Kind)
					requireRequest(t, v.contentType, mode.address, requests[i])
					ids[requests[i].Properties["correlation_id"]] = true
					ids[requests[i].Properties["message_id"]] = true
				}
				require.Len(t, ids, 2*len(values), "no id is used twice")
			})
		}
	})
}

// A tutorial's server says nothing about the type of its answers. An empty one
// is then no value, and not an empty text.
func TestParleyReadsRepliesWithoutContentType(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, prefix := rabbittest.URL(t), "untyped."+l.name
		s := startServer(t, l, url, prefix, "--no-content-type")
		app := newApp(rabbitmq.New(url))
		empty := app.Publisher(prefix + ".empty")
		requireAnswers(t, app, prefix, slices.DeleteFunc(slices.Clone(values), func(v value) bool { return v.kind == "empty" }))
		_, err := parley.Request[string](t.Context(), empty, "")
		require.ErrorIs(t, err, parley.ErrNoValue)
		require.Len(t, s.stop(), len(values))
	})
}

// requireAnswers sends each value to its kind's queue and wants it back.
func requireAnswers(t *testing.T, app *parley.App, prefix string, values []value) {
	t.Helper()
	publishers := map[string]*parley.Publisher{}
	for _, v := range values {
		if publishers[v.kind] == nil {
			publishers[v.kind] = app.Publisher(prefix + "." + v.kind)
		}
	}
	run(t, app)
	for _, v := range values {
		v.ask(t.Context(), t, publishers[v.kind])
	}
	require.Zero(t, app.Stats().LateReplies)
}

// The server answers only when it has 64 requests, the newest first.
func TestParleyCallsWith64InFlight(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		for _, mode := range callModes {
			t.Run(mode.name, func(t *testing.T) {
				url, prefix := rabbittest.URL(t), "flight."+l.name+"."+mode.name
				startServer(t, l, url, prefix, "--batch", "64")
				app := newApp(rabbitmq.New(url, mode.options...))
				p := app.Publisher(prefix + ".reverse")
				run(t, app)
				for range 4 {
					requireAllAnswered(t.Context(), t, p, 64)
				}
			})
		}
	})
}

func requireAllAnswered(ctx context.Context, t *testing.T, p *parley.Publisher, n int) {
	t.Helper()
	calls := make([]*parley.Call[string], n)
	for i := range calls {
		calls[i] = parley.Go[string](ctx, p, fmt.Sprint(i))
	}
	for i, c := range calls {
		got, err := c.Wait(ctx)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), got)
	}
}
