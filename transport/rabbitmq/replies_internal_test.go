package rabbitmq

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// What no waiting can cure is told at once, and a dead holder of the queue is
// waited for.
func TestRefusalsOfAReplyQueue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal amqp.Error
		want    time.Duration
	}{
		"permission": {amqp.Error{Code: amqp.AccessRefused, Reason: "ACCESS_REFUSED - read access to queue 'q' in vhost '/' refused for user 'u'", Server: true}, 0},
		"arguments":  {amqp.Error{Code: amqp.PreconditionFailed, Reason: "PRECONDITION_FAILED - inequivalent arg", Server: true}, 0},
		"reader":     {amqp.Error{Code: amqp.AccessRefused, Reason: "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use", Server: true}, replyQueuePatience},
		"owner":      {amqp.Error{Code: amqp.ResourceLocked, Reason: "RESOURCE_LOCKED - cannot obtain exclusive access", Server: true}, replyQueuePatience},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// A closed connection starts nothing; its life goes on.
				q := newReplyQueue(&Conn{closed: true, life: context.Background()}, "q")
				failed, began := make(chan error, 1), time.Now()
				go func() {
					_, _, err := q.address(t.Context())
					failed <- err
				}()
				synctest.Wait()
				q.setReason(refusal("consume reply queue", &c.refusal))
				require.ErrorIs(t, <-failed, &c.refusal)
				require.Equal(t, c.want, time.Since(began))
			})
		})
	}
}
