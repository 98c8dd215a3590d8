package parley

import (
	"context"
	"log/slog"
	"time"
)

// Renewer is a [Store] that can make a claim last longer. While a handler runs
// whose claim has a [Claim.Lease], parley renews it after each third of that, so
// a lease may be much shorter than a run: it says how long a message is held
// back for a process that died.
type Renewer interface {
	Store
	// Renew begins the lease of the claim of that token anew, and touches no
	// other. An error is logged, and renewing goes on: the handler runs on, and
	// once the claim has ended the message can run a second time.
	Renew(ctx context.Context, key, token string) error
}

// renewal keeps a claim alive while its handler runs.
type renewal struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

// renew begins to renew a claim; nil where that is not needed or not possible.
func (d *delivery) renew(ctx context.Context, lease time.Duration) *renewal {
	store, able := d.settings.store.(Renewer)
	every := lease / 3
	if !able || every <= 0 {
		return nil
	}
	// The handler outlives a lost delivery, and so must its claim.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &renewal{cancel, make(chan struct{})}
	key, token := d.claimKey(), d.token
	go func() {
		defer close(r.ended)
		for sleep(ctx, every) {
			err := askStore(ctx, func(ctx context.Context) error { return store.Renew(ctx, key, token) })
			if err != nil && ctx.Err() == nil {
				d.log(slog.LevelError, "store of handled messages did not renew a claim", slog.Any("error", err))
			}
		}
	}()
	return r
}

// end returns when nothing is renewed any more.
func (r *renewal) end() {
	if r != nil {
		r.cancel()
		<-r.ended
	}
}
