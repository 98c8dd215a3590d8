package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/resource"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
	"github.com/parley-go/parley/internal/faultproxy"
)

const (
	// streamIdle is how long the reader bears silence.
	streamIdle = 3 * time.Second
	// readerStops is how long it reads nothing.
	readerStops = 4 * time.Second
	// rawSilence is what the reader without checks takes for the end.
	rawSilence = 3 * time.Second
)

// streamBroken breaks one long stream in four ways, one after the other. Its
// reader asks for the rest each time, so that in the end it has everything,
// once and in order, or a stream was shortened behind its back.
func streamBroken() Scenario {
	return Scenario{
		Number: 22, Name: "one long stream: reader stops, server killed, server silent, connection cut",
		Short: 35 * time.Second, Full: 2 * time.Minute,
		Must: "all items once and in order; the server is never more than a window ahead, memory bounded; " +
			"each break ends the stream with an error of its own kind, the silent one within the idle time",
		Controls: []string{"sequence and end check off"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load := r.Load(100_000)
			r.AtLeast(4)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			doomed, err := r.Spawn(ctx, r.Job(victim.Streamer, "server1", "work"))
			if err != nil {
				return oracle.Expect{}, err
			}
			s := &streaming{bench: b, doomed: doomed, next: 1, last: uint64(load), first: r.IDs(load)}
			if r.Control != "" {
				return oracle.Expect{}, s.unchecked(ctx)
			}
			return oracle.Expect{}, s.checked(ctx)
		},
	}
}

// streaming is the reading of one stream over all its breaks.
type streaming struct {
	*bench

	doomed *victim.Child
	// first and last are ids, next that which must come now.
	first, next, last uint64
	reader, server    *faultproxy.Proxy
	// breaks are made when the item of that number was read, in order.
	breaks []streamBreak
	// broken is the break under way, since when; nil when the stream flows.
	broken *streamBreak
	since  time.Time
}

// streamBreak is one way to break a stream.
type streamBreak struct {
	name string
	at   uint64
	// make breaks it, mend ends the fault when the reader has noticed it.
	make func(context.Context) error
	mend func()
	// ends are the errors of which one must end the stream; nil goes on.
	ends []error
}

// plan makes the breaks. The server dies half way.
func (s *streaming) plan() []streamBreak {
	at := s.Points(int(s.last), 4)
	half := int(s.last / 2)
	return []streamBreak{
		{name: "reader stops", at: uint64(at[0]), make: s.stopReading},
		{
			name: "server killed", at: uint64(half), make: s.killServer,
			ends: []error{parley.ErrStreamRestarted, parley.ErrStreamServerGone, parley.ErrStreamGap},
		},
		{
			name: "server silent", at: uint64(max(at[2], half+half/10)), mend: func() { s.server.Thaw() },
			make: func(context.Context) error { s.server.Freeze(faultproxy.Both); return nil },
			ends: []error{parley.ErrStreamStalled},
		},
		{
			name: "reader's connection cut", at: uint64(max(at[3], half+half/5)), ends: []error{parley.ErrStreamLost},
			make: func(context.Context) error { s.reader.Reset(); return nil },
		},
	}
}

// killServer ends the server as a crash would, when another one is there.
func (s *streaming) killServer(ctx context.Context) error {
	j := s.Job(victim.Streamer, "server2", "work")
	if s.Control == "" {
		var err error
		if s.server, j.URL, err = s.Network(); err != nil {
			return err
		}
	}
	_, err := s.Spawn(ctx, j)
	s.doomed.Kill()
	return err
}

// stopReading reads nothing for a while. The server must wait for it, and
// neither side may hold more than a window.
func (s *streaming) stopReading(ctx context.Context) error {
	before := resource.Now()
	s.Wait(ctx, readerStops)
	const most = parley.DefaultStreamWindow + 2 // one in the handler's hands, one in the reader's
	ahead := s.Count(journal.Attempted) - int(s.next-1)
	s.Requiref(ahead <= most, "reader stopped: wanted the server at most %d items ahead, got %d", most, ahead)
	for _, text := range resource.Now().Over(before) {
		s.Wrongf("reader stopped: %s", text)
	}
	s.Note("the server was %d items ahead of the reader that stopped", ahead)
	return nil
}

func (s *streaming) checked(ctx context.Context) error {
	var url string
	var err error
	if s.reader, url, err = s.Network(); err != nil {
		return err
	}
	app := s.app(url)
	target := app.Publisher(s.Queue("work"))
	if err := app.Start(ctx); err != nil {
		return err
	}
	s.breaks = s.plan()
	for s.next <= s.last {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("stream: item %d of %d: %w", s.next, s.last, context.Cause(ctx))
		}
		end, err := s.read(ctx, target)
		if err != nil {
			return err
		}
		if end == nil && s.next <= s.last {
			s.Wrongf("the stream ended without an error before item %d of %d", s.next, s.last)
			return nil
		}
		s.noticed(end)
	}
	s.Requiref(len(s.breaks) == 0, "wanted all breaks to come before the end, %d did not", len(s.breaks))
	s.Settle(ctx, settleWithin, "work")
	return nil
}

// read asks for the rest and returns how the stream ended.
func (s *streaming) read(ctx context.Context, target *parley.Publisher) (end, fault error) {
	rest := victim.Range{First: s.next, Last: s.last}
	for text, err := range parley.Stream[string](ctx, target, rest, parley.Idle(streamIdle)) {
		if err != nil {
			return err, nil
		}
		if err := s.take(text); err != nil {
			return nil, err
		}
		if s.broken != nil || len(s.breaks) == 0 || s.next <= s.breaks[0].at {
			continue
		}
		if err := s.breakIt(ctx); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// take notes an item, which must be the next.
func (s *streaming) take(text string) error {
	id, err := victim.ItemID(text)
	if err != nil {
		return err
	}
	s.Requiref(id == s.next, "wanted item %d, got %d", s.next, id)
	s.next = id + 1
	s.journal.Note(journal.Handled, id)
	s.journal.Note(journal.OK, id)
	return nil
}

func (s *streaming) breakIt(ctx context.Context) error {
	b := s.breaks[0]
	s.breaks = s.breaks[1:]
	if err := b.make(ctx); err != nil {
		return err
	}
	s.Injected()
	if b.ends != nil {
		s.broken, s.since = &b, time.Now()
	}
	return nil
}

// noticed judges the error that ended a stream.
func (s *streaming) noticed(end error) {
	b := s.broken
	if end == nil || b == nil {
		s.Requiref(end == nil, "the stream ended at item %d, unbroken: %v", s.next, end)
		return
	}
	took := time.Since(s.since)
	told := false
	for _, want := range b.ends {
		told = told || errors.Is(end, want)
	}
	s.Requiref(told, "%s: wanted one of %v, got: %v", b.name, b.ends, end)
	if len(b.ends) == 1 {
		most := s.Within(2 * streamIdle)
		s.Requiref(took <= most, "%s: wanted it noticed within %v, got %v", b.name, most, took)
	}
	s.Note("%s, noticed after %v: %v", b.name, took.Round(time.Millisecond), errors.Unwrap(end))
	s.Took(took)
	if b.mend != nil {
		b.mend()
	}
	s.broken = nil
}

// unchecked reads without looking at numbers and ends: it does not notice that
// the server died.
func (s *streaming) unchecked(ctx context.Context) error {
	read := uint64(0)
	err := victim.RawStream(ctx, s.Node.URL(), s.Queue("work"), victim.Range{First: s.first, Last: s.last}, rawSilence, func(id uint64) error {
		s.journal.Note(journal.Handled, id)
		s.journal.Note(journal.OK, id)
		if read++; read != s.last/2 {
			return nil
		}
		s.Injected()
		return s.killServer(ctx)
	})
	s.Requiref(read == s.last, "wanted %d items, took %d for all of them", s.last, read)
	return err
}
