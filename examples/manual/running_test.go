package manual_test

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// serve is App.Run by hand: with a start of at most a minute and a stop of at
// most twenty seconds.
func serve(ctx context.Context, app *parley.App, stop <-chan struct{}) error {
	starting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := app.Start(starting); err != nil {
		return err
	}
	<-stop
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return app.Stop(stopping)
}

func TestServe(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.Subscriber("orders.place", PlaceOrder)
	stop := make(chan struct{})
	close(stop)
	require.NoError(t, serve(t.Context(), app, stop))
	require.NoError(t, serve(t.Context(), app, stop), "a stopped app may start again")
}

func TestHandle(t *testing.T) {
	t.Parallel()
	app, broker := newApp(parley.FailFast(), parley.Drain(20*time.Second))
	start(t, app)
	ctx := t.Context()

	late := app.Subscriber("orders.place", PlaceOrder)
	if err := late.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	require.Equal(t, 1, broker.Consumers("orders.place"))
	require.NoError(t, late.Err())
	require.NoError(t, late.Stop(ctx))
	require.Zero(t, broker.Consumers("orders.place"))
}

func TestErr(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.Subscriber("orders.place", PlaceOrder)
	app.Subscriber("orders.place", PlaceOrder)
	app.Subscriber("orders.{tenant}.place", PlaceOrder)
	page, err := os.ReadFile("../../docs/running.md")
	require.NoError(t, err)
	place := regexp.MustCompile(`(running_test|main)\.go:\d+`)
	require.Contains(t, place.ReplaceAllString(string(page), "…"), place.ReplaceAllString(app.Err().Error(), "…"))
}

func TestOn(t *testing.T) {
	t.Parallel()
	app := parley.New(rabbitmq.New("amqp://broker.example:5672/"), quiet)
	app.Subscriber("orders.place", PlaceOrder)
	place := app.Publisher("orders.place")
	require.NoError(t, app.Start(t.Context(), parley.On(memory.New())))
	receipt, err := parley.Request[Receipt](t.Context(), place, order)
	require.NoError(t, err)
	require.Equal(t, 2, receipt.Items)
	require.NoError(t, app.Stop(context.Background()))
}
