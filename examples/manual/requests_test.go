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

// Ping answers a ping.
func Ping(_ context.Context, _ string) (string, error) { return "pong!", nil }

func TestRequests(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	ctx := t.Context()
	app.Subscriber("ping", Ping)
	answers := make(chan string, 1)
	ping := app.Publisher("ping")
	app.Subscriber("answers", func(_ context.Context, answer string) error {
		answers <- answer
		return nil
	})
	start(t, app)

	msg, err := ping.Request(ctx, "ping")
	require.NoError(t, err)
	require.Equal(t, "pong!", string(msg.Body))

	answer, err := parley.Request[string](ctx, ping, "ping")
	require.NoError(t, err)
	require.Equal(t, "pong!", answer)

	answer, err = parley.Request[string](ctx, ping, "ping", parley.Timeout(3*time.Second))
	require.NoError(t, err)
	require.Equal(t, "pong!", answer)

	answer, err = parley.Request[string](ctx, ping, "ping", parley.NoTimeout())
	require.NoError(t, err)
	require.Equal(t, "pong!", answer)

	err = ping.Publish(ctx, "ping", parley.ReplyTo("answers"))
	require.NoError(t, err)
	require.Equal(t, "pong!", <-answers)

	first := parley.Go[string](ctx, ping, "ping")
	second := parley.Go[string](ctx, ping, "ping")
	a, err := first.Wait(ctx)
	require.NoError(t, err)
	b, err := second.Wait(ctx)
	require.NoError(t, err)
	require.Equal(t, "pong!pong!", a+b)

	_, err = ping.Request(ctx, "ping", parley.ReplyTo("answers"))
	require.ErrorIs(t, err, parley.ErrNotSent)
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New(), quiet)
		ctx := t.Context()
		app.Subscriber("sleep", func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		})
		sleep := app.Publisher("sleep")
		require.NoError(t, app.Start(ctx))

		_, err := parley.Request[string](ctx, sleep, "zzz", parley.Timeout(3*time.Second))
		timedOut := errors.Is(err, parley.ErrTimeout) && errors.Is(err, context.DeadlineExceeded)
		require.True(t, timedOut)

		msg, err := sleep.Request(ctx, "zzz", parley.Timeout(3*time.Second), parley.QuietTimeout())
		require.NoError(t, err)
		require.Nil(t, msg)
		require.NoError(t, app.Stop(context.Background()))
	})
}

// placed shows what to do about each way in which a request may end.
func placed(ctx context.Context, orders *parley.Publisher, o Order) (Receipt, string, error) {
	receipt, err := parley.Request[Receipt](ctx, orders, o)
	remote, answered := errors.AsType[*parley.RemoteError](err)
	switch {
	case err == nil:
		return receipt, "placed", nil
	case answered && remote.Code == parley.CodeInvalidArgument:
		return receipt, "correct the order: " + remote.Message, nil
	case errors.Is(err, parley.ErrOutcomeUnknown):
		return receipt, "it may have been placed: ask before trying again", err
	case errors.Is(err, parley.ErrNotSent), errors.Is(err, parley.ErrNoRoute), errors.Is(err, parley.ErrRefused):
		return receipt, "it was not placed: trying again is safe", err
	}
	return receipt, "something else", err
}

func TestPlaced(t *testing.T) {
	t.Parallel()
	app, broker := newApp()
	app.Subscriber("orders.place", PlaceOrder)
	orders, nowhere := app.Publisher("orders.place"), app.Publisher("nowhere")
	start(t, app)

	receipt, verdict, err := placed(t.Context(), orders, order)
	require.NoError(t, err)
	require.Equal(t, "placed", verdict)
	require.Equal(t, Receipt{"o1", 2}, receipt)

	_, verdict, err = placed(t.Context(), orders, Order{ID: "o2"})
	require.NoError(t, err)
	require.Equal(t, `correct the order: body: items: rule "required" failed for an array`, verdict)

	_, verdict, err = placed(t.Context(), nowhere, order)
	require.ErrorIs(t, err, parley.ErrNoRoute)
	require.Equal(t, "it was not placed: trying again is safe", verdict)

	broker.RefuseNext(1)
	_, _, err = placed(t.Context(), orders, order)
	require.ErrorIs(t, err, parley.ErrRefused)
}

func TestACallThatIsCalledOff(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	begun, ended := make(chan struct{}), make(chan error, 1)
	app.Subscriber("reports", func(ctx context.Context, _ string) (string, error) {
		close(begun)
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return "", ctx.Err()
	})
	reports := app.Publisher("reports")
	start(t, app)
	ctx, cancel := context.WithCancel(t.Context())
	call := parley.Go[string](ctx, reports, "all of last year", parley.Cancellable())
	<-begun
	cancel()
	_, err := call.Wait(t.Context())
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, parley.CodeCanceled, parley.CodeOf(<-ended))
}
