package rabbitmq

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

type until time.Time

func (u until) Refresh(m *transport.Message) { m.Expiration = time.Until(time.Time(u)) }

func TestMessageThatWaitedIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &transport.Publication{
			Key: "q", Message: &transport.Message{Expiration: 10 * time.Second},
			Timed: until(time.Now().Add(10 * time.Second)),
		}
		var o outgoing
		require.NoError(t, o.fill(p))
		o.message.ReplyTo = "inbox"
		require.NoError(t, o.refresh())
		require.Equal(t, "10000", o.message.Expiration)
		time.Sleep(7 * time.Second)
		require.NoError(t, o.refresh())
		require.Equal(t, "3000", o.message.Expiration)
		require.Equal(t, "inbox", o.message.ReplyTo)
	})
}
