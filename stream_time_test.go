package parley_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

// bubble runs a test in virtual time with a broker and an app on it.
func bubble(t *testing.T, f func(t *testing.T, broker *memory.Broker, app *parley.App)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker, parley.Logger(slog.New(slog.DiscardHandler)))
		f(t, broker, app)
		require.NoError(t, app.Stop(context.Background()))
	})
}

// silent yields once and again after a long time.
func silent(wait time.Duration) func(context.Context, int) iter.Seq[part] {
	return func(ctx context.Context, _ int) iter.Seq[part] {
		return func(yield func(part) bool) {
			if !yield(part{1}) {
				return
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
			yield(part{2})
		}
	}
}

// Beats keep a stream alive whose handler is silent, as its reader is.
func TestASilentHandlerIsNoStall(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *memory.Broker, app *parley.App) {
		app.Subscriber("count", silent(20*time.Minute))
		p := app.Publisher("count")
		require.NoError(t, app.Start(t.Context()))
		begin := time.Now()
		got, err := read(parley.Stream[part](context.Background(), p, 1))
		require.NoError(t, err)
		require.Equal(t, upTo(2), got)
		require.Equal(t, 20*time.Minute, time.Since(begin))
	})
}

// A reader that takes its time is alive as long as its process is.
func TestASlowReaderIsNotSilent(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *memory.Broker, app *parley.App) {
		app.Subscriber("count", count)
		p := app.Publisher("count")
		require.NoError(t, app.Start(t.Context()))
		n := 0
		for _, err := range parley.Stream[part](context.Background(), p, 100) {
			require.NoError(t, err)
			time.Sleep(time.Minute)
			n++
		}
		require.Equal(t, 100, n)
	})
}

func TestASilentServiceIsAStall(t *testing.T) {
	t.Parallel()
	for idle, want := range map[time.Duration]time.Duration{0: 15 * time.Second, 3 * time.Second: 3 * time.Second, time.Minute: time.Minute} {
		bubble(t, func(t *testing.T, broker *memory.Broker, app *parley.App) {
			p := app.Publisher("raw")
			conn, stop := dead(t, broker, "raw")
			defer stop()
			require.NoError(t, app.Start(t.Context()))
			begin := time.Now()
			var opts []parley.SendOption
			if idle > 0 {
				opts = append(opts, parley.Idle(idle))
			}
			go conn(func(m *parley.Message) []*parley.Message {
				return []*parley.Message{frame("open", parley.HeaderStreamRun, "a"), numberedItem("a", 1)}
			})
			got, err := read(parley.Stream[part](context.Background(), p, 1, opts...))
			require.ErrorIs(t, err, parley.ErrStreamStalled)
			require.ErrorIs(t, err, parley.ErrOutcomeUnknown)
			require.Equal(t, upTo(1), got)
			require.InDelta(t, want, time.Since(begin), float64(time.Second/2))
		})
	}
}

// dead is a service that says a few things and then nothing.
func dead(t *testing.T, broker *memory.Broker, queue string) (serve func(func(*parley.Message) []*parley.Message), stop func()) {
	t.Helper()
	conn, err := broker.Connect(t.Context(), transport.Settings{Logger: slog.New(slog.DiscardHandler), OnReply: func(*parley.Message) {}})
	require.NoError(t, err)
	requests := make(chan *parley.Message, 1)
	_, err = conn.Subscribe(t.Context(), rawSubscription(&world{T: t}, queue, func(m *parley.Message) transport.Verdict {
		requests <- m
		return transport.Ack
	}))
	require.NoError(t, err)
	return func(answer func(*parley.Message) []*parley.Message) {
		m := <-requests
		for _, f := range answer(m) {
			f.CorrelationID = m.CorrelationID
			_, _ = conn.Publish(context.Background(), &transport.Publication{Message: f, Key: m.ReplyTo})
		}
	}, func() { require.NoError(t, conn.Close(context.Background())) }
}

// A reader that promised signs of life and gives none is given up.
func TestASilentReaderIsGivenUp(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, broker *memory.Broker, app *parley.App) {
		ended := make(chan error, 2)
		app.Subscriber("count", func(ctx context.Context, _ int) iter.Seq[int] {
			return func(yield func(int) bool) {
				for yield(1) {
				}
				ended <- context.Cause(ctx)
			}
		})
		require.NoError(t, app.Start(t.Context()))
		ask := func(id string, pairs ...any) (stop func()) {
			conn, err := broker.Connect(t.Context(), transport.Settings{Logger: slog.New(slog.DiscardHandler), OnReply: func(*parley.Message) {}})
			require.NoError(t, err)
			inbox, err := conn.(transport.Inboxes).Inbox(t.Context())
			require.NoError(t, err)
			m := frame("request", pairs...)
			m.CorrelationID, m.ReplyTo, m.Body, m.ContentType = id, inbox.Address, []byte("1"), "application/json"
			_, err = conn.Publish(t.Context(), &transport.Publication{Message: m, Key: "count"})
			require.NoError(t, err)
			return func() { require.NoError(t, conn.Close(context.Background())) }
		}
		begin := time.Now()
		stop := ask("promises", parley.HeaderStreamCredit, 5, parley.HeaderStreamBeat, 2000)
		require.Equal(t, parley.CodeCanceled, parley.CodeOf(<-ended))
		require.InDelta(t, 6*time.Second, time.Since(begin), float64(time.Second/2))
		stop()

		// One that promised none is waited for, until its inbox is gone.
		begin = time.Now()
		stop = ask("promises nothing", parley.HeaderStreamCredit, 5)
		time.Sleep(time.Hour)
		require.Empty(t, ended)
		stop()
		require.Equal(t, parley.CodeCanceled, parley.CodeOf(<-ended))
		require.InDelta(t, time.Hour, time.Since(begin), float64(6*time.Second))
	})
}

// While the broker blocks publishers no frame passes, and nobody's silence
// means anything.
func TestABlockedBrokerEndsNoStream(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, broker *memory.Broker, app *parley.App) {
		app.Subscriber("count", silent(time.Minute))
		p := app.Publisher("count")
		require.NoError(t, app.Start(t.Context()))
		n := 0
		for v, err := range parley.Stream[part](context.Background(), p, 1) {
			require.NoError(t, err)
			if v.N == 1 {
				broker.Block()
				time.AfterFunc(10*time.Minute, broker.Unblock)
			}
			n++
		}
		require.Equal(t, 2, n)
	})
}

// A sign of life that overtakes the frame in which the service says where it
// listens would be none: here both wait for the end of a block.
func TestNothingComesBeforeOpen(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, broker *memory.Broker, app *parley.App) {
		const many = 20
		hold, done := make(chan struct{}), make(chan error, many)
		app.Subscriber("count", func(parts iter.Seq[part]) int {
			<-hold
			return len(slices.Collect(parts))
		}, parley.Concurrency(many), parley.Prefetch(2*many))
		p := app.Publisher("count")
		require.NoError(t, app.Start(t.Context()))
		for range many {
			require.NoError(t, p.Publish(t.Context(), part{1}))
		}
		synctest.Wait()
		for range many {
			go func() {
				n, err := parley.Request[int](context.Background(), p, upload(3))
				if err == nil && n != 3 {
					err = fmt.Errorf("wanted 3 items, got %d", n)
				}
				done <- err
			}()
		}
		synctest.Wait()
		broker.Block()
		close(hold)
		time.Sleep(12 * time.Second)
		broker.Unblock()
		for range many {
			require.NoError(t, <-done)
		}
	})
}

// A service that stops tells the readers of what goes on, within its budget.
func TestAServiceThatStops(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, broker *memory.Broker, client *parley.App) {
		service := parley.New(broker, parley.Logger(slog.New(slog.DiscardHandler)))
		cause := make(chan error, 1)
		service.Subscriber("count", func(ctx context.Context, out int, parts parley.Sender[part]) error {
			defer func() { cause <- context.Cause(ctx) }()
			for i := 1; ; i++ {
				if err := parts.Send(ctx, part{i}); err != nil {
					return err
				}
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
			}
		})
		p := client.Publisher("count")
		require.NoError(t, service.Start(t.Context()))
		require.NoError(t, client.Start(t.Context()))
		stopped := make(chan error, 1)
		begin := time.Now()
		go func() {
			time.Sleep(10 * time.Second)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			stopped <- service.Stop(ctx)
		}()
		got, err := read(parley.Stream[part](context.Background(), p, 1))
		require.ErrorIs(t, err, parley.NewError(parley.CodeUnavailable, ""))
		require.InDelta(t, 29, len(got), 1)
		require.NoError(t, <-stopped)
		require.Less(t, time.Since(begin), 30*time.Second)
		require.Equal(t, parley.CodeUnavailable, parley.CodeOf(<-cause))
	})
}

func TestHandlerTimeoutEndsAStream(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *memory.Broker, app *parley.App) {
		app.Subscriber("count", silent(time.Hour), parley.HandlerTimeout(time.Minute))
		p := app.Publisher("count")
		require.NoError(t, app.Start(t.Context()))
		got, err := read(parley.Stream[part](context.Background(), p, 1))
		require.ErrorIs(t, err, parley.NewError(parley.CodeDeadlineExceeded, ""))
		require.Equal(t, upTo(1), got)
	})
}
