package parley_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// uploadWatch counts what comes and tells how it ended.
type uploadWatch struct {
	first  chan struct{}
	ended  chan error
	causes chan error
}

func newUploadWatch() *uploadWatch {
	return &uploadWatch{make(chan struct{}, 100), make(chan error, 100), make(chan error, 100)}
}

func (h *uploadWatch) handle(ctx context.Context, parts iter.Seq2[part, error]) (int, error) {
	n := 0
	for p, err := range parts {
		if err != nil {
			h.ended <- err
			h.causes <- context.Cause(ctx)
			return n, err
		}
		if n++; p.N != n {
			h.ended <- errors.New("out of order")
			return n, nil
		}
		if n == 1 {
			h.first <- struct{}{}
		}
	}
	h.ended <- nil
	return n, nil
}

func TestTheClientOfAStreamIsLost(t *testing.T) {
	t.Parallel()
	check := func(w *world, service, client *parley.App, cut func()) {
		h := newUploadWatch()
		service.Subscriber(w.at("count"), h.handle)
		p := client.Publisher(w.at("count"))
		w.start(service)
		w.start(client)
		over, cutOff := make(chan struct{}), make(chan struct{})
		go func() { <-h.first; cut(); close(cutOff) }()
		_, err := parley.Request[int](w.ctx(), p, forever(over))
		require.ErrorIs(w, err, parley.ErrOutcomeUnknown)
		<-cutOff
		isOver(w, over)
		require.Error(w, next(w, h.ended), "half an upload is no whole one")

		got, err := parley.Request[int](w.ctx(), p, upload(3))
		require.NoError(w, err, "the next session has an inbox of its own")
		require.Equal(w, 3, got)
	}
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		broker := memory.New()
		w := newWorld(t, broker)
		check(w, w.app(), w.app(), broker.Disconnect)
	})
	t.Run("rabbitmq", func(t *testing.T) {
		t.Parallel()
		proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
		w := newWorld(t, rabbitmq.New(rabbittest.URL(t)))
		behind := newWorld(t, rabbitmq.New(proxy.URL()))
		check(w, w.app(), behind.app(), proxy.Cut)
	})
}

// The request is delivered again, to a run whose items are gone: the client
// says so in place of sending a second time.
func TestTheServiceOfAClientStreamIsLost(t *testing.T) {
	t.Parallel()
	proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
	w := newWorld(t, rabbitmq.New(rabbittest.URL(t)))
	app := newWorld(t, rabbitmq.New(proxy.URL())).app()
	h := newUploadWatch()
	app.Subscriber(w.at("count"), h.handle)
	client := w.app()
	p := client.Publisher(w.at("count"))
	w.start(app)
	w.start(client)
	over := make(chan struct{})
	go func() { <-h.first; proxy.Cut() }()
	_, err := parley.Request[int](w.ctx(), p, forever(over))
	// Which sign comes first is the network's choice.
	told := errors.Is(err, parley.ErrStreamRestarted) || errors.Is(err, parley.ErrStreamServerGone) ||
		errors.Is(err, parley.NewError(parley.CodeUnavailable, ""))
	require.True(w, told, "%v", err)
	isOver(w, over)
	require.Error(w, next(w, h.ended))
	got, err := parley.Request[int](w.ctx(), p, upload(3))
	require.NoError(w, err)
	require.Equal(w, 3, got)
}

// All frames of a stream reach the instance that has opened it.
func TestCompetingServicesOfClientStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		var apps []*parley.App
		var handled [2]atomic.Int32
		for i := range handled {
			app := w.app()
			app.Subscriber(w.at("count"), func(ctx context.Context, parts iter.Seq2[part, error]) (int, error) {
				handled[i].Add(1)
				return newUploadWatch().handle(ctx, parts)
			}, parley.Prefetch(1), parley.Concurrency(1))
			apps = append(apps, w.start(app))
		}
		client := w.app()
		// The last of them wait for all the others.
		p := client.Publisher(w.at("count"), parley.Timeout(4*patience), parley.Idle(3*time.Minute))
		apps = append(apps, w.start(client))
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				got, err := parley.Request[int](w.longCtx(), p, upload(100))
				if err != nil || got != 100 {
					w.Errorf("got %d, %v", got, err)
				}
			})
		}
		all.Wait()
		require.EqualValues(w, 20, handled[0].Load()+handled[1].Load())
		require.Positive(w, handled[0].Load())
		require.Positive(w, handled[1].Load())
		for _, app := range apps {
			require.Zero(w, app.Stats().LateReplies, "no frame at a wrong instance")
		}
	})
}

// Each of many streams gets back what it sends, all of it and nothing else.
func TestManyStreamsInBothDirections(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		const streams, items = 1000, 30
		service, client := w.app(), w.app()
		service.Subscriber(w.at("echo"), func(in iter.Seq[part]) iter.Seq[part] { return in }, parley.Concurrency(streams))
		p := client.Publisher(w.at("echo"), parley.Idle(3*time.Minute), parley.Timeout(4*patience))
		w.start(service)
		w.start(client)
		ctx, cancel := context.WithTimeout(w.Context(), 4*patience)
		defer cancel()
		begun := time.Now()
		var all sync.WaitGroup
		for i := range streams {
			all.Go(func() {
				n := items * i
				for v, err := range parley.Stream[part](ctx, p, partsFrom(n+1, n+items)) {
					if err != nil || v.N != n+1 {
						w.Errorf("stream %d: wanted item %d, got %d, %v", i, n+1, v.N, err)
						return
					}
					n++
				}
				if n != items*(i+1) {
					w.Errorf("stream %d: wanted %d items, got %d", i, items, n-items*i)
				}
			})
		}
		all.Wait()
		w.Logf("%d streams of %d items each way in %v", streams, items, time.Since(begun))
		for _, app := range []*parley.App{service, client} {
			require.Zero(w, app.Stats().LateReplies, "no stray frame")
		}
		require.Eventually(w, func() bool { return service.Stats().Handled == streams }, patience, time.Millisecond)
		require.Zero(w, service.Stats().AbandonedStreams)
	})
}

// partsFrom yields the parts from first to last.
func partsFrom(first, last int) iter.Seq[part] {
	return func(yield func(part) bool) {
		for n := first; n <= last && yield(part{n}); n++ {
		}
	}
}

func TestStopEndsClientStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		h := newUploadWatch()
		service := w.app()
		service.Subscriber(w.at("count"), h.handle)
		w.start(service)
		client := w.app()
		p := client.Publisher(w.at("count"))
		require.NoError(w, client.Start(w.ctx()))
		over := make(chan struct{})
		call := parley.Go[int](w.ctx(), p, forever(over))
		next(w, h.first)
		require.NoError(w, client.Stop(w.ctx()))
		_, err := call.Wait(w.ctx())
		require.ErrorIs(w, err, parley.ErrStopped)
		isOver(w, over)
		require.Error(w, next(w, h.ended))
	})
}

// A service that stops tells the client what it cannot finish.
func TestAServiceThatStopsEndsClientStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		h := newUploadWatch()
		service := w.app()
		service.Subscriber(w.at("count"), h.handle)
		require.NoError(w, service.Start(w.ctx()))
		client := w.app()
		p := client.Publisher(w.at("count"))
		w.start(client)
		over := make(chan struct{})
		call := parley.Go[int](w.ctx(), p, forever(over))
		next(w, h.first)
		ctx, cancel := context.WithTimeout(w.ctx(), 10*time.Second)
		defer cancel()
		_ = service.Stop(ctx)
		_, err := call.Wait(w.ctx())
		// Its last words and an item that comes back arrive on two connections.
		told := errors.Is(err, parley.NewError(parley.CodeUnavailable, "")) || errors.Is(err, parley.ErrStreamServerGone)
		require.True(w, told, "%v", err)
		isOver(w, over)
		require.Error(w, next(w, h.ended))
	})
}

// A sequence that waits for something else holds neither Stop nor, from then
// on, its call.
func TestASequenceThatHeedsNothing(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service := w.app()
		service.Subscriber(w.at("count"), newUploadWatch().handle)
		w.start(service)
		client := w.app()
		p := client.Publisher(w.at("count"))
		require.NoError(w, client.Start(w.ctx()))
		stuck, begun := make(chan struct{}), make(chan struct{})
		defer close(stuck)
		call := parley.Go[int](w.ctx(), p, iter.Seq[part](func(func(part) bool) { close(begun); <-stuck }))
		next(w, begun)
		ctx, cancel := context.WithTimeout(w.ctx(), time.Second)
		defer cancel()
		_ = client.Stop(ctx)
		_, err := call.Wait(w.ctx())
		require.ErrorIs(w, err, parley.ErrStopped)
		require.Contains(w, w.log.String(), "still runs at the end of Stop")
	})
}
