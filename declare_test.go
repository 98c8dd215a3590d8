package parley_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// What waiting cannot cure fails Start at once, with one clear error, and
// nothing stays behind.
func TestStartErrors(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		first := w.app()
		first.Subscriber(w.at("q"), func(string) {})
		first.Subscriber(w.at("no-errors"), func(string) {})
		w.start(first)
		conn, _ := w.client()
		plain := rawSubscription(w, w.at("plain"), nil)
		plain.Topology.ErrorQueue = w.at("plain-errors")
		consumer, err := conn.Subscribe(w.ctx(), plain)
		require.NoError(w, err)
		require.NoError(w, consumer.Stop(w.ctx()))

		cases := map[string]struct {
			declare func(app *parley.App)
			want    []string
		}{
			"other arguments": {
				func(app *parley.App) {
					app.Subscriber(w.at("q"), func(string) {}, parley.From(topology.MaxLength(3)))
				},
				[]string{w.at("q"), "x-max-length", "hint"},
			},
			"missing queue": {
				func(app *parley.App) {
					app.Subscriber(w.at("missing"), func(string) {}, parley.From(topology.Passive()))
				},
				[]string{w.at("missing"), "hint"},
			},
			"missing error queue": {
				func(app *parley.App) { app.Subscriber(w.at("plain"), func(string) {}, parley.From(topology.Passive())) },
				[]string{w.at("plain.error"), "hint"},
			},
			"missing exchange": {
				func(app *parley.App) {
					app.Publisher("k", parley.To(topology.Topic(w.at("exchange"), topology.Passive())))
				},
				[]string{w.at("exchange"), "hint"},
			},
		}
		for name, c := range cases {
			app := w.app()
			c.declare(app)
			err := app.Start(w.ctx())
			require.Error(w, err, name)
			for _, part := range c.want {
				require.ErrorContains(w, err, part, name)
			}
			require.NotContains(w, err.Error(), "context canceled", name)
			require.NoError(w, app.Stop(w.ctx()), "nothing runs")
		}
		passive := w.app()
		passive.Subscriber(w.at("no-errors"), func(string) {}, parley.From(topology.Passive()))
		require.NoError(w, passive.Start(w.ctx()), "what exists may be used without declaring it")
		require.NoError(w, passive.Stop(w.ctx()))
	})
}
