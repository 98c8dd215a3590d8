package parleyfx_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

// diary keeps what happened in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// resource is opened and closed by hooks of its own.
type resource struct{}

func TestTheAppLivesInsideWhatItsHandlersNeed(t *testing.T) {
	t.Parallel()
	d := &diary{}
	newResource := func(life fx.Lifecycle) *resource {
		life.Append(fx.StartStopHook(func() { d.add("open") }, func() { d.add("close") }))
		return &resource{}
	}
	app := fxtest.New(t,
		base(
			parley.OnStarted(func(context.Context) error { d.add("started"); return nil }),
			parley.OnStop(func(context.Context) error { d.add("stop"); return nil }),
		),
		fx.Provide(newResource),
		parleyfx.Subscriber("greet", func(string, *resource) {}),
	)
	app.RequireStart()
	app.RequireStop()
	require.Equal(t, []string{"open", "started", "stop", "close"}, d.lines)
}

func TestConsumersOutliveTheStartContext(t *testing.T) {
	t.Parallel()
	var a asker
	app := fxtest.New(t, base(), parleyfx.Subscriber("greet", hello), parleyfx.Publisher("greet"), fx.Populate(&a))
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, app.Start(ctx))
	cancel()
	require.Equal(t, "hello ann", ask(t, a.App, a.P, "ann"))
	app.RequireStop()
}

func TestStoppingWaitsForHandlers(t *testing.T) {
	t.Parallel()
	running, finish := make(chan struct{}), make(chan struct{})
	var a asker
	app := fxtest.New(t, base(),
		parleyfx.Subscriber("greet", func(string) string { close(running); <-finish; return "done" }),
		parleyfx.Publisher("greet"), fx.Populate(&a))
	app.RequireStart()
	require.NoError(t, a.P.Publish(t.Context(), "ann"))
	<-running
	stopped := make(chan error, 1)
	go func() { stopped <- app.Stop(context.Background()) }()
	require.Eventually(t, func() bool { return a.App.Health().Status == parley.StatusStopping }, 30*time.Second, time.Millisecond)
	close(finish)
	require.NoError(t, <-stopped)
	require.EqualValues(t, 1, a.App.Stats().Handled)
}

// A handler that does not end uses up the time of Drain, not that of fx: other
// hooks still have some.
func TestDrainLeavesTimeToOthers(t *testing.T) {
	t.Parallel()
	running := make(chan struct{})
	var left time.Duration
	var a asker
	app := fx.New(base(parley.Drain(10*time.Millisecond)), fx.NopLogger,
		fx.Provide(func(life fx.Lifecycle) *resource {
			life.Append(fx.StopHook(func(ctx context.Context) {
				end, _ := ctx.Deadline()
				left = time.Until(end)
			}))
			return &resource{}
		}),
		parleyfx.Subscriber("greet", func(ctx context.Context, _ string, _ *resource) { close(running); <-ctx.Done() }),
		parleyfx.Publisher("greet"), fx.Populate(&a))
	require.NoError(t, app.Start(t.Context()))
	require.NoError(t, a.P.Publish(t.Context(), "ann"))
	<-running
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	require.ErrorIs(t, app.Stop(ctx), context.DeadlineExceeded)
	require.Greater(t, left, 30*time.Minute)
}

func TestOptionsAndLoggerFromTheContainer(t *testing.T) {
	t.Parallel()
	var app *parley.App
	var log strings.Builder
	service := fxtest.New(t,
		parleyfx.Module(parley.Info("fixed", "1.0.0")),
		fx.Provide(
			func() transport.Transport { return memory.New() },
			func() []parley.Option { return []parley.Option{parley.Info("configured", "2.0.0")} },
			func() *slog.Logger { return slog.New(slog.NewTextHandler(&log, nil)) },
		),
		fx.Populate(&app))
	service.RequireStart()
	service.RequireStop()
	require.Equal(t, "configured", app.Name())
	require.Contains(t, log.String(), `msg="parley: started" app=configured`)
}

func TestTheTransportIsReplaced(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	var app *parley.App
	start(t,
		fx.Replace(fx.Annotate(broker, fx.As(new(transport.Transport)))),
		parleyfx.Subscriber("greet", hello), fx.Populate(&app))
	require.Equal(t, 1, broker.Consumers("greet"))
}

func TestTheAppIsDecorated(t *testing.T) {
	t.Parallel()
	var a asker
	seen := make(chan string, 1)
	start(t,
		fx.Decorate(func(app *parley.App) *parley.App {
			app.Use(parley.HandleMiddleware(func(next parley.Handler) parley.Handler {
				return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
					seen <- m.Address
					return next(ctx, m)
				}
			}))
			return app
		}),
		parleyfx.Subscriber("greet", hello), parleyfx.Publisher("greet"), fx.Populate(&a))
	require.Equal(t, "hello ann", ask(t, a.App, a.P, "ann"))
	require.Equal(t, "greet", <-seen)
}

func TestAStartThatFailsEndsTheApplication(t *testing.T) {
	t.Parallel()
	broken := parley.OnStart(func(context.Context) error { return context.DeadlineExceeded })
	app := fx.New(base(broken), fx.NopLogger, parleyfx.Subscriber("greet", hello))
	require.ErrorIs(t, app.Start(t.Context()), context.DeadlineExceeded)
}
