package parley_test

import (
	"context"
	"iter"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// exited is what the log says of a handler that ended its goroutine.
const exited = "handler ended its goroutine (runtime.Goexit), as t.FailNow does"

// willing is an input with a rule of the app's own.
type willing struct {
	Mode string `json:"mode" validate:"staying"`
}

// outcome is a parameter whose cleanup tells how the handler ended.
type outcome struct{}

// leaves ends its goroutine when it is told to.
func leaves(s string) string {
	if s == "go" {
		runtime.Goexit()
	}
	return s
}

// exits are the ways in which what runs for a message may end its goroutine. All
// are asked with "go", and answer everything else with itself.
func exits(app *parley.App) map[string]func() (handler any, options []parley.SubscriberOption) {
	type options = []parley.SubscriberOption
	same := func(s string, _ outcome) string { return s }
	return map[string]func() (any, options){
		"handler": func() (any, options) { return leaves, nil },
		"middleware": func() (any, options) {
			app.Use(parley.HandleMiddleware(func(next parley.Handler) parley.Handler {
				return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
					leaves(string(m.Body))
					return next(ctx, m)
				}
			}))
			return func(s string) string { return s }, nil
		},
		"resolver": func() (any, options) {
			return same, options{parley.Param(func(m *parley.Message) outcome { leaves(string(m.Body)); return outcome{} })}
		},
		"cleanup": func() (any, options) {
			return same, options{parley.Param(func(m *parley.Message) (outcome, func(error) error) {
				return outcome{}, func(error) error { leaves(string(m.Body)); return nil }
			})}
		},
		"manual": func() (any, options) {
			return func(s string, d *parley.Delivery) (string, error) { leaves(s); return s, d.Ack() }, options{parley.Manual()}
		},
		"acknowledged first": func() (any, options) { return leaves, options{parley.AckFirst()} },
		"later": func() (any, options) {
			return func(ctx context.Context, s string, answer parley.Later[string]) error {
				return parley.Reply(ctx, app, answer.Token(), leaves(s))
			}, nil
		},
	}
}

// A handler that ends its goroutine fails like one that panics: its caller is told
// at once, and the next message finds its worker.
func TestAHandlerThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	for name := range exits(nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(w *world) {
				app := w.app()
				handler, options := exits(app)[name]()
				app.Subscriber(w.at("work"), handler, append(options, parley.Concurrency(1), parley.KeepFailedRequests())...)
				w.start(app)
				failed := w.collect(w.at("work.error"))
				const n = 3
				for range n {
					_, err := app.Publisher(w.at("work")).Request(w.ctx(), "go", parley.NoTimeout())
					var remote *parley.RemoteError
					require.ErrorAs(w, err, &remote)
					require.Equal(w, parley.CodeInternal, remote.Code)
					require.Equal(w, "internal", next(w, failed).Header(parley.HeaderFailureCode))
				}
				got, err := parley.Request[string](w.ctx(), app.Publisher(w.at("work")), "stay", parley.NoTimeout())
				require.NoError(w, err)
				require.Equal(w, "stay", got)
				require.Equal(w, n, strings.Count(w.log.String(), `error="`+exited+`"`))
			})
		})
	}
}

func TestAValidationThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		rules := validator.New()
		require.NoError(w, rules.RegisterValidation("staying", func(f validator.FieldLevel) bool { return leaves(f.Field().String()) != "" }))
		app := w.app(parley.Validator(rules))
		app.Subscriber(w.at("work"), func(c willing) string { return c.Mode }, parley.Concurrency(1))
		w.start(app)
		_, err := app.Publisher(w.at("work")).Request(w.ctx(), willing{"go"}, parley.NoTimeout())
		require.Equal(w, parley.CodeInternal, parley.CodeOf(err))
		got, err := parley.Request[string](w.ctx(), app.Publisher(w.at("work")), willing{"stay"}, parley.NoTimeout())
		require.NoError(w, err)
		require.Equal(w, "stay", got)
	})
}

// The policy for failures applies: further attempts, at once and later, and the
// error queue in the end.
func TestAttemptsThatEndTheirGoroutine(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		var ran atomic.Int64
		cleaned := make(chan error, 10)
		app := w.app()
		app.Subscriber(w.at("work"), func(parley.NoBody, outcome) { ran.Add(1); runtime.Goexit() },
			parley.Concurrency(1), parley.Retry(parley.Immediate(1), parley.Delayed(time.Millisecond)),
			parley.Param(func() (outcome, func(error) error) {
				return outcome{}, func(err error) error { cleaned <- err; return nil }
			}))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		peer, _ := w.client()
		w.publish(peer, w.at("work"), &parley.Message{})
		m := next(w, failed)
		require.Equal(w, "internal", m.Header(parley.HeaderFailureCode))
		require.EqualValues(w, 4, m.Headers[parley.HeaderFailureAttempt])
		require.EqualValues(w, 4, ran.Load())
		for range 4 {
			require.EqualError(w, next(w, cleaned), exited)
		}
	})
}

func TestABroadcastHandlerThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		handled, exchange := make(chan string, 10), topology.Fanout(w.at("events"))
		app := w.app()
		app.Subscriber("news", func(s string) { handled <- leaves(s) }, parley.Broadcast(), parley.Concurrency(1), parley.From(exchange))
		w.start(app)
		for _, s := range []string{"go", "stay"} {
			require.NoError(w, app.Publisher("news", parley.To(exchange)).Publish(w.ctx(), s))
		}
		require.Equal(w, "stay", next(w, handled))
	})
}

// The reader of a stream gets what came before, and then the error.
func TestAStreamThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]any{
		"iterator": func(s string) iter.Seq[string] {
			return func(yield func(string) bool) { _ = yield("first") && yield(leaves(s)) }
		},
		"sender": func(ctx context.Context, s string, out parley.Sender[string]) error {
			if err := out.Send(ctx, "first"); err != nil {
				return err
			}
			return out.Send(ctx, leaves(s))
		},
		"upload": func(items iter.Seq2[string, error]) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for s, err := range items {
					if !yield("first", err) || !yield(leaves(s), nil) {
						return
					}
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(w *world) {
				app := w.app()
				app.Subscriber(w.at("work"), handler, parley.Concurrency(1))
				w.start(app)
				read := func(s string) (all []string, last error) {
					for item, err := range parley.Stream[string](w.ctx(), app.Publisher(w.at("work")), s) {
						if err != nil {
							return all, err
						}
						all = append(all, item)
					}
					return all, nil
				}
				for range 2 {
					got, err := read("go")
					require.Equal(w, parley.CodeInternal, parley.CodeOf(err))
					require.Equal(w, []string{"first"}, got)
				}
				got, err := read("stay")
				require.NoError(w, err)
				require.Equal(w, []string{"first", "stay"}, got)
			})
		})
	}
}
