package parley_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// A request that had to wait before it was sent tells the server what is left
// of its limit, not the limit: otherwise it would be run when nobody waits.
func TestHeldRequestCarriesTheRemainingTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker)
		got := make(chan *parley.Message, 1)
		app.Subscriber("work", func(m *parley.Message) { got <- m })
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		defer func() { require.NoError(t, app.Stop(t.Context())) }()
		broker.Block()
		call := parley.Go[*parley.Message](t.Context(), work, "x", parley.Timeout(10*time.Second))
		time.Sleep(7 * time.Second)
		broker.Unblock()
		m := <-got
		require.EqualValues(t, 3000, m.Headers[parley.HeaderDeadline])
		require.Equal(t, 3*time.Second, m.Expiration)
		_, err := call.Wait(t.Context())
		require.NoError(t, err)
	})
}
