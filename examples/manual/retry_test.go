package manual_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Bank is a service that is not always there.
type Bank struct {
	down     bool
	attempts int
}

var (
	errDown   = errors.New("the bank does not answer")
	errClosed = errors.New("account closed")
)

// Charge fails in ways that another attempt may cure, and in one that none can.
func (b *Bank) Charge(_ context.Context, account string) error {
	b.attempts++
	switch {
	case account == "closed":
		return parley.Permanent(errClosed)
	case b.down && b.attempts == 1:
		return parley.RetryAfter(errDown, 5*time.Minute)
	case b.down:
		return errDown
	}
	return nil
}

func TestRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker, quiet)
		bank := &Bank{down: true}
		app.Subscriber("charge", bank.Charge,
			parley.Retry(parley.Immediate(2), parley.Delayed(time.Minute, time.Hour)))
		charge := app.Publisher("charge")
		require.NoError(t, app.Start(t.Context()))

		require.NoError(t, charge.Publish(t.Context(), "closed"))
		synctest.Wait()
		require.Equal(t, 1, bank.attempts)
		require.Equal(t, 1, broker.Depth("charge.error"))

		bank.attempts = 0
		require.NoError(t, charge.Publish(t.Context(), "open"))
		synctest.Wait()
		require.Equal(t, 1, broker.Depth("charge.wait.300000"))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.Equal(t, 2, broker.Depth("charge.error"))
		require.Positive(t, app.Stats().Retried)
		require.NoError(t, app.Stop(context.Background()))
	})
}

func TestOnFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker, quiet)
		app.Subscriber("prices", func(context.Context, string) error { return errDown },
			parley.AckFirst(), parley.OnFailure(parley.Discard))
		prices := app.Publisher("prices")
		require.NoError(t, app.Start(t.Context()))
		require.NoError(t, prices.Publish(t.Context(), "tea"))
		synctest.Wait()
		require.Zero(t, broker.Depth("prices")+broker.Depth("prices.error"))
		require.NoError(t, app.Stop(context.Background()))
	})
}

// Import settles its message as soon as it is safe, and then goes on working.
func Import(_ context.Context, file string, d *parley.Delivery) error {
	if file == "" {
		return d.Reject()
	}
	return d.Ack()
}

func TestManual(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker, quiet)
		app.Subscriber("import", Import, parley.Manual())
		imports := app.Publisher("import")
		require.NoError(t, app.Start(t.Context()))
		require.NoError(t, imports.Publish(t.Context(), "a.csv"))
		require.NoError(t, imports.Publish(t.Context(), ""))
		synctest.Wait()
		require.Zero(t, broker.Depth("import")+broker.Unsettled("import")+broker.Depth("import.error"))
		require.NoError(t, app.Stop(context.Background()))
	})
}
