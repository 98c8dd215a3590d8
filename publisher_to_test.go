package parley_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

type tenantOf struct {
	Tenant string `path:"tenant"`
}

// A publisher of a tool reaches what an operation describes, without being a
// declaration itself.
func TestPublisherToReachesOperations(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("upper"), func(s string) string { return s + "!" })
		app.Subscriber("{tenant}.seen", func(in tenantOf) string { return in.Tenant }, parley.From(topology.Topic(w.at("events"))))
		app.Publisher(w.at("upper"), parley.Payload[int]())
		ops := app.Operations()
		require.Len(t, ops, 3)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()

		_, err := app.PublisherTo(ops[0]).Request(ctx, "early")
		require.ErrorIs(t, err, parley.ErrNotStarted)

		require.NoError(t, app.Start(ctx))
		defer func() { require.NoError(t, app.Stop(context.Background())) }()
		for i, want := range []string{"hello!", "acme", "hello!"} {
			var opts []parley.SendOption
			if len(ops[i].Parameters) > 0 {
				opts = append(opts, parley.Path("tenant", "acme"))
			}
			p := app.PublisherTo(ops[i], opts...)
			reply, err := p.Request(ctx, &parley.Message{Body: []byte("hello"), ContentType: "text/plain"})
			require.NoError(t, err)
			require.Equal(t, want, string(reply.Body))
		}
		_, err = app.PublisherTo(ops[1], parley.Path("tenant", "a.b")).Request(ctx, "x")
		require.ErrorIs(t, err, parley.ErrNotSent)
		require.Len(t, app.Operations(), 3, "it is no declaration")
	})
}
