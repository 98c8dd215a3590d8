package manual_test

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// Timed logs how long each message took.
func Timed(log *slog.Logger) parley.HandleMiddleware {
	return func(next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			begin := time.Now()
			answer, err := next(ctx, m)
			log.InfoContext(ctx, "handled", "address", m.Address, "took", time.Since(begin), "code", parley.CodeOf(err))
			return answer, err
		}
	}
}

// OnlyFrom refuses messages of users without the right.
func OnlyFrom(users map[string]bool) parley.HandleMiddleware {
	return func(next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			if !users[m.UserID] {
				return nil, parley.NewError(parley.CodePermissionDenied, "not for you")
			}
			return next(ctx, m)
		}
	}
}

type traceKey struct{}

// Traced hands the trace of a context on to whoever gets the message.
func Traced(next parley.Handler) parley.Handler {
	return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
		if trace, ok := ctx.Value(traceKey{}).(string); ok {
			m.SetHeader("x-trace", trace)
		}
		return next(ctx, m)
	}
}

// Counted counts messages by what is done with them and their address.
func Counted(count func(what string)) parley.OperationMiddleware {
	return func(op parley.Operation, next parley.Handler) parley.Handler {
		what := string(op.Action) + " " + op.Address
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			count(what)
			return next(ctx, m)
		}
	}
}

// Followed logs how each stream of a client ended, and how many items it had.
func Followed(log *slog.Logger) parley.SendMiddleware {
	return func(next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			if stream, ok := parley.StreamFrom(ctx); ok {
				stream.OnEnd(func(err error) {
					log.Info("stream ended", "address", m.Address, "items", stream.Received(), "error", err)
				})
			}
			return next(ctx, m)
		}
	}
}

func TestFollowedStream(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	var text strings.Builder
	app.Use(Followed(slog.New(slog.NewTextHandler(&text, nil))))
	app.Subscriber("count", func(_ context.Context, n int) iter.Seq[int] { return slices.Values(make([]int, n)) })
	count := app.Publisher("count")
	start(t, app)
	for _, err := range parley.Stream[int](t.Context(), count, 3) {
		require.NoError(t, err)
	}
	require.Contains(t, text.String(), `msg="stream ended" address=count items=3 error=<nil>`)
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	counted := make(chan string, 9)
	app.Use(Counted(func(what string) { counted <- what }))
	traces := make(chan string, 1)
	app.Use(Timed(slog.New(slog.DiscardHandler)), parley.SendMiddleware(Traced))

	admin := parley.NewRouter("admin")
	admin.Use(OnlyFrom(map[string]bool{"root": true}))
	admin.Subscriber("drop", func(_ context.Context, _ string) error { return nil })
	app.Include(admin)
	app.Subscriber("trace", func(in struct {
		Trace string `header:"x-trace"`
	},
	) {
		traces <- in.Trace
	})
	trace, drop := app.Publisher("trace"), app.Publisher("admin.drop")
	start(t, app)

	require.NoError(t, trace.Publish(context.WithValue(t.Context(), traceKey{}, "t1"), nil))
	require.Equal(t, "t1", <-traces)
	require.Equal(t, "send trace", <-counted)
	require.Equal(t, "receive trace", <-counted)
	_, err := drop.Request(t.Context(), "everything")
	require.Equal(t, parley.CodePermissionDenied, parley.CodeOf(err))
}
