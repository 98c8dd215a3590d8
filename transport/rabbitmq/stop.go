package rabbitmq

import (
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// consume runs one epoch and returns why it ended.
func (k *consumer) consume(e *epoch) error {
	closed := e.ch.NotifyClose(make(chan *amqp.Error, 1))
	e.work()
	select {
	case reason := <-closed:
		return e.lose(reason)
	case _, told := <-e.cancelled:
		if !told {
			// A channel that is closed ends all that listens to it.
			return e.lose(<-closed)
		}
		// What is unsettled went away with the queue.
		e.settler.close()
		e.end(fmt.Errorf("%w: %w", transport.ErrSessionLost, errCancelled))
		k.leave(e)
		return errCancelled
	case <-k.life.Done():
		k.drain(e, closed)
		return nil
	}
}

// lose ends an epoch whose channel is closed.
func (e *epoch) lose(reason *amqp.Error) error {
	e.settler.close()
	err := lost(reason)
	e.end(err)
	return fmt.Errorf("rabbitmq: consume: %w", err)
}

// drain ends an epoch in order: no new deliveries, the prefetched rest back to
// the broker, running handlers to their end, their verdicts written.
func (k *consumer) drain(e *epoch, closed <-chan *amqp.Error) {
	e.draining.Store(true)
	// Once the broker has answered, the deliveries end.
	k.watched(func() error { return e.ch.Cancel(e.tag, false) })
	cause := k.awaitHandlers(closed)
	// First the settler: a handler that gives up because its context ended must
	// not settle what goes back to the broker.
	e.settler.close()
	e.end(cause)
	// The answer to the close says that the verdicts have arrived; it also
	// gives the broker back what is unsettled.
	k.leave(e)
}

// awaitHandlers waits for the handlers of all epochs, until the budget of Stop
// is used up or the channel is closed, and says what ended the wait.
func (k *consumer) awaitHandlers(closed <-chan *amqp.Error) error {
	gone := make(chan struct{})
	go func() {
		// Ends with the last handler, which nobody can force.
		defer close(gone)
		k.workers.Wait()
	}()
	select {
	case <-gone:
		return transport.ErrClosed
	case <-k.budget.Done():
		return context.Cause(k.budget)
	case reason := <-closed:
		return lost(reason)
	}
}

func (k *consumer) leave(e *epoch) { k.watched(e.ch.Close) }

// watched bounds a call of the client library by ending the connection, which
// frees it: after callTimeout, and soon once the budget of Stop is used up.
func (k *consumer) watched(f func() error) {
	answered := make(chan struct{})
	defer close(answered)
	timer := time.AfterFunc(callTimeout, k.conn.receiver.abort)
	defer timer.Stop()
	stop := context.AfterFunc(k.budget, func() {
		select {
		case <-answered:
		case <-time.After(closeTimeout):
			k.conn.receiver.abort()
		}
	})
	defer stop()
	if err := f(); err != nil {
		k.log.Debug("parley: consumer not ended in order", "error", err)
	}
}

// Stop ends the subscription: see [transport.Consumer]. Every call waits.
func (k *consumer) Stop(ctx context.Context) error {
	k.end(transport.ErrClosed)
	select {
	case <-k.stopped:
		return nil
	case <-ctx.Done():
	}
	err := fmt.Errorf("rabbitmq: stop: handlers still run: %w", context.Cause(ctx))
	k.cut(err)
	return err
}
