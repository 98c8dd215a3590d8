package parley_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

type user struct{ Name string }

// tenant is a second thing that is resolved, from the user.
type tenant struct{ Name string }

func userOf(m *parley.Message) (user, error) {
	if m.Header("x-user") == "" {
		return user{}, parley.NewError(parley.CodePermissionDenied, "who are you?")
	}
	return user{m.Header("x-user")}, nil
}

func TestParamIsResolvedFromTheMessage(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.Param(userOf))
		runs := make(chan string, 10)
		app.Subscriber(w.at("hello"), func(_ context.Context, greeting string, u user, of tenant) string {
			runs <- u.Name
			return greeting + " " + u.Name + " of " + of.Name
		}, parley.Param(func(_ context.Context, u user) tenant { return tenant{u.Name + "'s"} }))
		hello := app.Publisher(w.at("hello"))
		w.start(app)
		got, err := parley.Request[string](w.ctx(), hello, "hello", parley.Header("x-user", "joe"))
		require.NoError(w, err)
		require.Equal(w, "hello joe of joe's", got)
		require.Equal(w, "joe", next(w, runs))
	})
}

func TestErrorOfAParamEndsTheMessage(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		resolved, seen := make(chan string, 100), make(chan error, 100)
		resolve := func(m *parley.Message) (user, error) {
			resolved <- m.ID
			if m.Header("x-user") == "nobody" {
				return user{}, errFlaky
			}
			return userOf(m)
		}
		app := w.app(parley.Param(resolve), parley.Retry(parley.Immediate(2)))
		app.Use(parley.HandleMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				out, err := next(ctx, m)
				seen <- err
				return out, err
			}
		}))
		ran := make(chan string, 10)
		app.Subscriber(w.at("work"), func(s string, _ user) { ran <- s })
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))

		_, err := work.Request(w.ctx(), "x")
		require.EqualError(w, err, "remote error: permission_denied: who are you?")
		require.Equal(w, parley.CodePermissionDenied, parley.CodeOf(next(w, seen)), "middleware sees it")
		require.Len(w, resolved, 1, "such a code is not tried again")

		require.NoError(w, work.Publish(w.ctx(), "x"))
		moved := next(w, failed)
		require.Equal(w, "permission_denied", moved.Header(parley.HeaderFailureCode))
		require.Equal(w, "who are you?", moved.Header(parley.HeaderFailureReason))
		require.Len(w, resolved, 2)

		require.NoError(w, work.Publish(w.ctx(), "x", parley.Header("x-user", "nobody")))
		require.Equal(w, "unknown", next(w, failed).Header(parley.HeaderFailureCode))
		require.Len(w, resolved, 5, "once for each attempt")
		nothing(w, ran)
	})
}

func TestParamsComeAfterValidation(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		resolved := make(chan string, 10)
		app := w.app(parley.Param(func(m *parley.Message) user { resolved <- m.ID; return user{} }))
		app.Subscriber(w.at("work"), func(struct {
			N int `json:"n" validate:"gt=0"`
		}, user,
		) {
		})
		work := app.Publisher(w.at("work"))
		w.start(app)
		_, err := work.Request(w.ctx(), map[string]int{"n": 0})
		require.Equal(w, parley.CodeInvalidArgument, parley.CodeOf(err))
		nothing(w, resolved)
		_, err = work.Request(w.ctx(), map[string]int{"n": 1})
		require.NoError(w, err)
		next(w, resolved)
	})
}

// ledger records what becomes of the transactions that it begins.
type ledger struct {
	mu      sync.Mutex
	entries []string
}

type transaction struct{ *ledger }

func (l *ledger) addf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, fmt.Sprintf(format, args...))
}

func (l *ledger) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.entries
	l.entries = nil
	return taken
}

// begin is a resolver; commit is what a commit returns.
func (l *ledger) begin(commit *error) func() (transaction, func(error) error) {
	return func() (transaction, func(error) error) {
		l.addf("begin")
		return transaction{l}, func(outcome error) error {
			if outcome != nil {
				l.addf("roll back: %s", parley.CodeOf(outcome))
				return nil
			}
			l.addf("commit")
			return *commit
		}
	}
}

func TestCleanupsSeeTheOutcome(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		books := &ledger{}
		var commit error
		app := w.app(parley.Param(books.begin(&commit)))
		app.Subscriber(w.at("work"), func(_ context.Context, how string, t transaction) (any, error) {
			t.addf("run")
			switch how {
			case "fail":
				return nil, parley.NewError(parley.CodeNotFound, "no such thing")
			case "panic":
				panic(errors.New("boom"))
			case "unencodable":
				return make(chan int), nil
			default:
				return "done", nil
			}
		})
		work := app.Publisher(w.at("work"))
		w.start(app)
		ask := func(how string) error {
			_, err := work.Request(w.ctx(), how)
			return err
		}
		require.NoError(w, ask("succeed"))
		require.Equal(w, []string{"begin", "run", "commit"}, books.taken())
		require.Equal(w, parley.CodeNotFound, parley.CodeOf(ask("fail")))
		require.Equal(w, []string{"begin", "run", "roll back: not_found"}, books.taken())
		require.Equal(w, parley.CodeInternal, parley.CodeOf(ask("panic")))
		require.Equal(w, []string{"begin", "run", "roll back: internal"}, books.taken())
		require.Error(w, ask("unencodable"))
		require.Equal(w, []string{"begin", "run", "roll back: unknown"}, books.taken())

		commit = parley.NewError(parley.CodeAborted, "somebody was faster")
		require.EqualError(w, ask("succeed"), "remote error: aborted: somebody was faster")
		require.Equal(w, []string{"begin", "run", "commit"}, books.taken())
		require.EqualValues(w, 4, app.Stats().Failed)
	})
}

func TestPanicOfAParamIsContained(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		books := &ledger{}
		var commit error
		app := w.app(parley.Param(books.begin(&commit)), parley.Param(func(m *parley.Message, _ transaction) user {
			if m.Header("x-user") == "" {
				panic("no user")
			}
			return user{}
		}))
		app.Subscriber(w.at("work"), func(string, user) {})
		work := app.Publisher(w.at("work"))
		w.start(app)
		_, err := work.Request(w.ctx(), "x")
		require.Equal(w, parley.CodeInternal, parley.CodeOf(err))
		require.Equal(w, []string{"begin", "roll back: internal"}, books.taken())
		require.Contains(w, w.log.String(), "panic: no user")
		require.Contains(w, w.log.String(), "params_test.go", "the stack leads to the resolver")
		_, err = work.Request(w.ctx(), "x", parley.Header("x-user", "joe"))
		require.NoError(w, err, "life goes on")
	})
}

func TestTheNearestParamWins(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		named := func(name string) parley.SubscriberOption { return parley.Param(func() user { return user{name} }) }
		who := func(_ parley.NoBody, u user, t tenant) string { return u.Name + " " + t.Name }
		app := w.app(named("app"), parley.Param(func(u user) tenant { return tenant{"of " + u.Name} }))
		router, inner := parley.NewRouter("", named("router")), parley.NewRouter("", named("inner"))
		app.Subscriber(w.at("app"), who)
		router.Subscriber(w.at("router"), who)
		inner.Subscriber(w.at("inner"), who)
		inner.Subscriber(w.at("subscriber"), who, named("subscriber"))
		router.Include(inner)
		app.Include(router)
		for _, name := range []string{"app", "router", "inner", "subscriber"} {
			p := app.Publisher(w.at(name))
			if name == "app" {
				w.start(app)
			}
			got, err := parley.Request[string](w.ctx(), p, "")
			require.NoError(w, err)
			require.Equal(w, name+" of "+name, got, "also for what an outer resolver takes")
		}
	})
}

func TestParamBesidesADelivery(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.Param(userOf))
		app.Subscriber(w.at("work"), func(_ string, d *parley.Delivery, u user) (string, error) {
			return u.Name, d.Ack()
		}, parley.Manual())
		work := app.Publisher(w.at("work"))
		w.start(app)
		got, err := parley.Request[string](w.ctx(), work, "x", parley.Header("x-user", "joe"))
		require.NoError(w, err)
		require.Equal(w, "joe", got)
	})
}

// clock is what a container would hold.
type clock interface{ Now() string }

type stopped string

func (s stopped) Now() string { return string(s) }

func TestSupply(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		ask := func(_ parley.NoBody, c clock, u user) string { return c.Now() + " " + u.Name }
		app := w.app(supply[clock](stopped("outer")), parley.Param(func(c clock) user { return user{"by " + c.Now()} }))
		app.Subscriber(w.at("outer"), ask)
		app.Subscriber(w.at("nearer"), ask, supply[clock](stopped("nearer")))
		r := parley.NewRouter("", parley.Param(func() clock { return stopped("resolved") }))
		r.Subscriber(w.at("resolved"), ask, supply[clock](stopped("supplied")))
		app.Include(r)
		publishers := map[string]*parley.Publisher{}
		for _, name := range []string{"outer", "nearer", "resolved"} {
			publishers[name] = app.Publisher(w.at(name))
		}
		w.start(app)
		for name, p := range publishers {
			got, err := parley.Request[string](w.ctx(), p, "")
			require.NoError(w, err)
			require.Equal(w, name+" by "+name, got)
		}
	})
}

// A handler that is cut off has failed: its transaction does not commit.
func TestCleanupOfAHandlerThatIsCutOff(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		begun, outcomes := make(chan struct{}, 10), make(chan error, 10)
		app := w.app(parley.Param(func() (transaction, func(error) error) {
			return transaction{}, func(outcome error) error { outcomes <- outcome; return nil }
		}))
		app.Subscriber(w.at("work"), func(ctx context.Context, _ string, _ transaction) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
		work := app.Publisher(w.at("work"))
		require.NoError(w, app.Start(w.ctx()))
		require.NoError(w, work.Publish(w.ctx(), "x"))
		next(w, begun)
		ctx, cancel := context.WithCancel(w.ctx())
		cancel()
		require.ErrorIs(w, app.Stop(ctx), context.Canceled)
		require.ErrorIs(w, next(w, outcomes), context.Canceled)
	})
}
