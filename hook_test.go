package parley_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// steps notes hooks in the order in which they run.
type steps []string

func (s *steps) note(name string) func(context.Context) error {
	return s.fail(name, nil)
}

func (s *steps) fail(name string, err error) func(context.Context) error {
	return func(context.Context) error {
		*s = append(*s, name)
		return err
	}
}

// all are two hooks of each moment.
func (s *steps) all() []parley.Option {
	return []parley.Option{
		parley.OnStart(s.note("start 1")), parley.OnStart(s.note("start 2")),
		parley.OnStarted(s.note("started 1")), parley.OnStarted(s.note("started 2")),
		parley.OnStop(s.note("stop 1")), parley.OnStop(s.note("stop 2")),
		parley.OnStopped(s.note("stopped 1")), parley.OnStopped(s.note("stopped 2")),
	}
}

func TestHooksRunInOrder(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		var ran steps
		app := w.app(ran.all()...)
		app.Subscriber(w.at("q"), func(string) {})
		for range 2 {
			ran = nil
			require.NoError(w, app.Start(w.ctx()))
			require.Equal(w, steps{"start 1", "start 2", "started 1", "started 2"}, ran)
			require.NoError(w, app.Stop(w.ctx()))
			require.Equal(w, steps{"stop 2", "stop 1", "stopped 2", "stopped 1"}, ran[4:])
		}
	})
}

// The hooks stand where the documentation says: what works at each moment.
func TestWhatWorksInHooks(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		var app *parley.App
		var q *parley.Publisher
		answers := map[string]error{}
		health := map[string]parley.Status{}
		try := func(name string) func(context.Context) error {
			return func(ctx context.Context) error {
				_, answers[name] = q.Request(ctx, "x")
				health[name] = app.Health().Status
				return nil
			}
		}
		app = w.app(
			parley.OnStart(try("start")), parley.OnStarted(try("started")),
			parley.OnStop(try("stop")), parley.OnStopped(try("stopped")),
		)
		app.Subscriber(w.at("q"), func(s string) string { return s })
		q = app.Publisher(w.at("q"))
		require.NoError(w, app.Start(w.ctx()))
		require.NoError(w, app.Stop(w.ctx()))
		require.ErrorIs(w, answers["start"], parley.ErrNotStarted)
		require.NoError(w, answers["started"])
		require.NoError(w, answers["stop"])
		require.ErrorIs(w, answers["stopped"], parley.ErrStopped)
		require.Equal(w, map[string]parley.Status{
			"start": parley.StatusStarting, "started": parley.StatusStarting,
			"stop": parley.StatusStopping, "stopped": parley.StatusStopping,
		}, health)
	})
}

func TestAFailedStartEndsWhatItBegan(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		failing func(ran *steps) parley.Option
		// refused is a queue that is there with other arguments.
		refused bool
		want    steps
		text    []string
	}{
		"OnStart": {
			failing: func(ran *steps) parley.Option { return parley.OnStart(ran.fail("broken", broken)) },
			want:    steps{"start 1", "start 2", "broken", "stopped 2", "stopped 1"},
			text:    []string{"parley: start: ", "hook OnStart (hook_test.go:", "broken"},
		},
		"OnStarted": {
			failing: func(ran *steps) parley.Option { return parley.OnStarted(ran.fail("broken", broken)) },
			want:    steps{"start 1", "start 2", "started 1", "started 2", "broken", "stop 2", "stop 1", "stopped 2", "stopped 1"},
			text:    []string{"parley: start: ", "hook OnStarted (hook_test.go:", "broken"},
		},
		"panic": {
			failing: func(*steps) parley.Option {
				return parley.OnStart(func(context.Context) error { panic("oh no") })
			},
			want: steps{"start 1", "start 2", "stopped 2", "stopped 1"},
			text: []string{"hook OnStart (hook_test.go:", "panic: oh no"},
		},
		"a refused queue": {
			failing: func(*steps) parley.Option { return parley.FailFast() },
			refused: true,
			want:    steps{"start 1", "start 2", "stopped 2", "stopped 1"},
			text:    []string{`subscriber "q"`, "wanted"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ran steps
			broker := memory.New()
			app := parley.New(broker, append(ran.all(), c.failing(&ran))...)
			app.Subscriber("q", func(string) {})
			if c.refused {
				other := parley.New(broker)
				other.Subscriber("q", func(string) {}, parley.From(refusingQueue))
				require.NoError(t, other.Start(t.Context()))
				defer func() { require.NoError(t, other.Stop(context.Background())) }()
			}
			err := app.Start(t.Context())
			require.Error(t, err)
			rest := err.Error()
			for _, fragment := range c.text {
				require.Contains(t, rest, fragment)
				_, rest, _ = strings.Cut(rest, fragment)
			}
			require.Equal(t, c.want, ran)
			require.Equal(t, parley.StatusStopped, app.Health().Status)
			require.NoError(t, app.Stop(t.Context()), "nothing stays behind")
			require.Equal(t, c.want, ran, "no hook runs twice")
		})
	}
}

func TestErrorsOfStoppingHooksKeepNothing(t *testing.T) {
	t.Parallel()
	var ran steps
	one, two := errors.New("one"), errors.New("two")
	app := parley.New(memory.New(), append(ran.all(),
		parley.OnStop(ran.fail("stop 3", one)), parley.OnStopped(ran.fail("stopped 3", two)))...)
	require.NoError(t, app.Start(t.Context()))
	err := app.Stop(t.Context())
	require.ErrorIs(t, err, one)
	require.ErrorIs(t, err, two)
	require.Equal(t, steps{"stop 3", "stop 2", "stop 1", "stopped 3", "stopped 2", "stopped 1"}, ran[4:])
	require.NoError(t, app.Start(t.Context()), "it is stopped")
	require.Error(t, app.Stop(t.Context()))
}

// What OnStart opened is closed also when the time of the start was used up.
func TestHooksOfAStartThatRanOutOfTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	app := parley.New(memory.New(),
		parley.OnStart(func(context.Context) error {
			cancel()
			return nil
		}),
		parley.OnStopped(func(ctx context.Context) error {
			stopped <- ctx.Err()
			return nil
		}))
	require.ErrorIs(t, app.Start(ctx), context.Canceled)
	select {
	case err := <-stopped:
		require.NoError(t, err, "its context still lives")
	default:
		t.Fatal("the hook did not run")
	}
}
