package parley

import (
	"context"
	"log/slog"
	"sync"
)

// running are the deliveries whose handlers run now.
type running struct {
	mu  sync.Mutex
	all map[*delivery]struct{}
}

func (r *running) add(d *delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[*delivery]struct{}{}
	}
	r.all[d] = struct{}{}
}

func (r *running) remove(d *delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, d)
}

// tell logs each handler that runs although the time for stopping is over. No
// goroutine can be ended from outside: one that heeds no context stays.
func (r *running) tell(ctx context.Context) {
	if ctx.Err() == nil {
		return
	}
	r.mu.Lock()
	left := make([]*delivery, 0, len(r.all))
	for d := range r.all {
		left = append(left, d)
	}
	r.mu.Unlock()
	for _, d := range left {
		d.log(slog.LevelWarn, "handler still runs at the end of Stop; its goroutine stays until it returns", slog.Any("error", context.Cause(ctx)))
	}
}
