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
	w := newWindow(maxReplies)
	for range maxReplies {
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
		w := newWindow(maxReplies)
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
		w := newWindow(maxReplies)
		held := map[*place]bool{}
		for range maxReplies {
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

// Replies must not pile up in the broker, and what says how far a stream may go
// must not stand behind the stream.
func TestWindowOfAPublication(t *testing.T) {
	t.Parallel()
	reply := func(mode transport.Persistence, body string) *transport.Publication {
		return &transport.Publication{Key: "inbox", Reply: true, Message: &transport.Message{Persistence: mode, Body: []byte(body)}}
	}
	event := reply(transport.Transient, "event")
	event.Reply = false
	w := newWindows()
	for name, c := range map[string]struct {
		publication *transport.Publication
		places      int
	}{
		"reply":               {reply(transport.Transient, "part"), maxReplies},
		"grant":               {reply(transport.Transient, ""), 0},
		"reply for a store":   {reply(transport.Persistent, "receipt"), maxUnconfirmed},
		"no answer to anyone": {event, maxUnconfirmed},
	} {
		var o outgoing
		require.NoError(t, o.fill(c.publication), name)
		in := w.of(&o)
		if c.places == 0 {
			require.Nil(t, in, name)
			place, err := in.enter(t.Context())
			require.NoError(t, err, name)
			place.leave(nil)
			continue
		}
		require.Len(t, in.places, c.places, name)
	}
}
