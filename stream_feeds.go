package parley

import (
	"context"
	"sync"
)

// feeds are those of one run whose iterators run now.
type feeds struct {
	mu  sync.Mutex
	all map[*feed]struct{}
	// over says that the run has ended and takes no more.
	over bool
}

func (s *feeds) add(f *feed) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	if s.all == nil {
		s.all = map[*feed]struct{}{}
	}
	s.all[f] = struct{}{}
	return true
}

func (s *feeds) remove(f *feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, f)
}

// end stops every iterator and waits until they have returned. When ctx ends
// first, their calls wait no longer: no goroutine can be ended from outside, and
// one that heeds nothing stays.
func (s *feeds) end(ctx context.Context, a *App) {
	s.mu.Lock()
	s.over = true
	left := make([]*feed, 0, len(s.all))
	for f := range s.all {
		left = append(left, f)
		f.stop()
	}
	s.mu.Unlock()
	for _, f := range left {
		select {
		case <-f.done:
		case <-ctx.Done():
			close(f.deserted)
			a.settings.logger.Warn("parley: a sequence that is being sent still runs at the end of Stop; its goroutine stays until it returns",
				"address", f.reader.address, "correlation_id", f.reader.id)
		}
	}
}
