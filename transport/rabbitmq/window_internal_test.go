package rabbitmq

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// unconfirmed is a publication that the broker never confirms.
func unconfirmed() *amqp.DeferredConfirmation { return new(amqp.DeferredConfirmation) }

func filled(t *testing.T) *window {
	t.Helper()
	w := newWindow(maxItems)
	for range maxItems {
		in, err := w.enter(t.Context())
		require.NoError(t, err)
		in.leave(unconfirmed())
	}
	return w
}

func TestAFullWindowIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := filled(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		time.AfterFunc(patience/2, func() { cancel(enough) })
		_, err := w.enter(ctx)
		require.ErrorIs(t, err, enough)
		for i := range w.places {
			require.Empty(t, w.places[i].token, "nobody holds a place")
			require.NotNil(t, w.places[i].last)
		}
	})
}

// A queue that confirms nothing holds up the others for a while only.
func TestWhatIsNeverConfirmedIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, began := filled(t), time.Now()
		in, err := w.enter(t.Context())
		require.NoError(t, err)
		require.Equal(t, patience, time.Since(began))
		in.leave(nil)
		require.Empty(t, in.token)
	})
}

// Places that are not confirmed are passed over while others are free.
func TestABusyPlaceIsPassedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(maxItems)
		for i := range w.places {
			if i%glances != 0 {
				w.places[i].last = unconfirmed()
			}
		}
		began := time.Now()
		for range 100 {
			in, err := w.enter(t.Context())
			require.NoError(t, err)
			in.leave(nil)
		}
		require.Zero(t, time.Since(began))
	})
}

func TestAPlaceIsHeldByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(maxItems)
		held := map[*place]bool{}
		for range maxItems {
			in, err := w.enter(t.Context())
			require.NoError(t, err)
			require.False(t, held[in])
			held[in] = true
		}
		in, err := w.enter(t.Context())
		require.NoError(t, err)
		require.Nil(t, in, "all are held: it goes without one")
		in.leave(nil)
		for p := range held {
			p.leave(nil)
		}
	})
}

// Items must not pile up in the broker, nor stand before anything else.
func TestWindowOfAPublication(t *testing.T) {
	t.Parallel()
	w := newWindows()
	for name, c := range map[string]struct {
		publication transport.Publication
		places      int
	}{
		"item":             {transport.Publication{Item: true, Reply: true, Message: &transport.Message{Persistence: transport.Transient}}, maxItems},
		"item for a store": {transport.Publication{Item: true, Reply: true, Message: &transport.Message{Persistence: transport.Persistent}}, maxUnconfirmed},
		"reply":            {transport.Publication{Reply: true, Message: &transport.Message{Persistence: transport.Transient}}, maxUnconfirmed},
		"message":          {transport.Publication{Message: &transport.Message{}}, maxUnconfirmed},
	} {
		var o outgoing
		require.NoError(t, o.fill(&c.publication), name)
		require.Len(t, w.of(&o).places, c.places, name)
	}
}
