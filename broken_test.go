package parley_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// lostError is an error whose methods need more than a nil pointer has.
type lostError struct{ cause error }

func (e *lostError) Error() string { return e.cause.Error() }
func (e *lostError) Unwrap() error { return e.cause }

// unspeakable is a detail that cannot be encoded.
type unspeakable struct{}

func (unspeakable) MarshalJSON() ([]byte, error) { panic("no words") }

var _ json.Marshaler = unspeakable{}

// P3: a panic ends the message, not the process, whoever's code it is that parley
// calls on a message's behalf: the methods of errors and details too.
func TestErrorsThatPanic(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		var none *lostError
		for name, opts := range map[string][]parley.Option{"hidden": nil, "exposed": {parley.ExposeErrors()}} {
			app := w.app(opts...)
			app.Subscriber(w.at(name), func(what string) error {
				switch what {
				case "nil":
					return none
				case "wrapped":
					return parley.Permanent(none)
				case "cause":
					return parley.NewError(parley.CodeAborted, "no").WithCause(none)
				default:
					return parley.NewError(parley.CodeAborted, "no").WithDetail(unspeakable{}).WithDetail(7)
				}
			})
			work := app.Publisher(w.at(name))
			w.start(app)
			failed := w.collect(w.at(name + ".error"))
			for _, what := range []string{"nil", "wrapped", "cause"} {
				_, err := work.Request(w.ctx(), what)
				require.Equal(w, parley.CodeInternal, parley.CodeOf(err), "%s: %v", what, err)
				require.NoError(w, work.Publish(w.ctx(), what))
				m := next(w, failed)
				require.Equal(w, what, string(m.Body))
				require.Equal(w, "internal", m.Header(parley.HeaderFailureCode))
				require.EqualValues(w, 1, m.Headers[parley.HeaderFailureAttempt])
			}
			_, err := work.Request(w.ctx(), "detail")
			remote, ok := errors.AsType[*parley.RemoteError](err)
			require.True(w, ok, "%v", err)
			require.Equal(w, parley.CodeAborted, remote.Code)
			require.Len(w, remote.Details, 1, "the others arrive")
		}
	})
}

// So for middleware around sending, where it forwards a result.
func TestForwardThatPanics(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Use(parley.SendMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				if m.Address == w.at("next") {
					panic("not here")
				}
				return next(ctx, m)
			}
		}))
		ran := make(chan string, 100)
		app.Subscriber(w.at("work"), func(s string) string { ran <- s; return s }, parley.PublishTo(w.at("next")))
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		require.NoError(w, work.Publish(w.ctx(), "x"))
		require.Equal(w, "internal", next(w, failed).Header(parley.HeaderFailureCode))
		require.Len(w, ran, 1)
		require.Contains(w, w.log.String(), "panic: not here")
	})
}

// A result for an exchange that takes none from this account has failed its
// message: the handler does not run again and again.
func TestForwardThatIsNotPermitted(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := make(chan string, 100)
		app.Subscriber(w.at("work"), func(s string) string { ran <- s; return s },
			parley.PublishTo("done", parley.To(topology.Topic(w.at("internal"), topology.Internal(), topology.AutoDelete()))))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		// Not on the app's own channel, which the broker closes.
		peer, _ := w.client()
		for range 3 {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), ContentType: "text/plain"})
			m := next(w, failed)
			require.Equal(w, "publish_unsendable", m.Header(parley.HeaderFailureReason))
			require.EqualValues(w, 1, m.Headers[parley.HeaderFailureAttempt])
		}
		require.Len(w, ran, 3)
		require.Contains(w, w.log.String(), "ACCESS_REFUSED")
	})
}

// What another service answered to a handler's own request says nothing about
// the handler's message: it is tried again, unless the handler says otherwise.
func TestRemoteErrorsAreRetried(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("stock"), func(string) error { return parley.NewError(parley.CodeNotFound, "no such thing") })
		stock := app.Publisher(w.at("stock"))
		ran := make(chan string, 100)
		app.Subscriber(w.at("order"), func(ctx context.Context, how string) error {
			ran <- how
			_, err := stock.Request(ctx, "tea")
			switch how {
			case "permanent":
				return parley.Permanent(err)
			case "own words":
				return parley.NewError(parley.CodeOf(err), "no tea").WithCause(err)
			default:
				return err
			}
		}, parley.Retry(parley.Immediate(1)))
		order := app.Publisher(w.at("order"))
		w.start(app)
		for how, want := range map[string]struct {
			runs int
			code parley.Code
		}{"as it is": {2, parley.CodeUnknown}, "permanent": {1, parley.CodeUnknown}, "own words": {1, parley.CodeNotFound}} {
			_, err := order.Request(w.ctx(), how)
			require.Equal(w, want.code, parley.CodeOf(err), how)
			require.Len(w, ran, want.runs, how)
			for range want.runs {
				next(w, ran)
			}
		}
	})
}
