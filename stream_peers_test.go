package parley_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// The frames of many streams stand in one queue: what comes on one of them shows
// that the service of all is alive.
func TestAServiceThatSpeaksOnAnotherStreamIsAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.New())
		s, app := newStage(w), w.app()
		p := app.Publisher(w.at("raw"))
		w.start(app)
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := read(parley.Stream[part](context.Background(), p, 1))
				ended <- err
			}()
		}
		speaks, silent := next(w, s.requests), next(w, s.requests)
		s.open(silent, "a")
		s.open(speaks, "b")
		// The service announces a beat each minute: it is given up after three.
		for range 5 {
			time.Sleep(100 * time.Second)
			s.say(speaks, frame("beat", parley.HeaderStreamRun, "b", parley.HeaderStreamSeq, 0))
		}
		synctest.Wait()
		require.Empty(t, ended)
		last := time.Now()
		for range 2 {
			require.ErrorIs(t, <-ended, parley.ErrStreamStalled)
			require.InDelta(t, 3*time.Minute, time.Since(last), float64(time.Second/2))
		}
	})
}

// So does what a client says on one of its streams.
func TestAReaderThatSpeaksOnAnotherStreamIsAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.New())
		service, a := w.app(), newAsker(w)
		ended := make(chan error, 2)
		service.Subscriber(w.at("work"), func(ctx context.Context, _ string) iter.Seq[int] {
			return func(func(int) bool) {
				<-ctx.Done()
				ended <- context.Cause(ctx)
			}
		})
		w.start(service)
		a.ask(w.at("work"), "speaks", parley.HeaderStreamBeat, 2000)
		open := next(w, a.heard)
		a.ask(w.at("work"), "silent", parley.HeaderStreamBeat, 2000)
		for range 5 {
			time.Sleep(4 * time.Second)
			a.say(open, "credit", parley.HeaderStreamCredit, 1)
		}
		synctest.Wait()
		require.Empty(t, ended)
		last := time.Now()
		for range 2 {
			require.Equal(t, parley.CodeCanceled, parley.CodeOf(<-ended))
			require.InDelta(t, 6*time.Second, time.Since(last), float64(time.Second/2))
		}
	})
}
