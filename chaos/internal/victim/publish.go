package victim

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
)

// retryPause is between two attempts to send the same message.
const retryPause = 50 * time.Millisecond

// sender makes one attempt for one id.
type sender func(ctx context.Context, id uint64) error

func (v *victim) publisher(ctx context.Context) error {
	if v.job.Flavor == NoConfirms || v.job.Flavor == NoMandatory {
		return v.rawPublisher(ctx)
	}
	app := v.app()
	var options []parley.SendOption
	if v.job.Flavor == Transient {
		options = append(options, parley.Transient())
	}
	target := app.Publisher(v.job.Queue, options...)
	return v.send(ctx, app, func(ctx context.Context, id uint64) error {
		text := strconv.FormatUint(id, 10)
		return target.Publish(ctx, text, parley.MessageID(text))
	})
}

// send runs app while attempt is made for every id, until all are stored.
func (v *victim) send(ctx context.Context, app *parley.App, attempt sender) error {
	if err := app.Start(ctx); err != nil {
		return err
	}
	v.ready()
	v.each(ctx, func(id uint64) { v.persist(ctx, id, attempt) })
	stop, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	return app.Stop(stop)
}

// each calls f for every id of the job, so many at once.
func (v *victim) each(ctx context.Context, f func(id uint64)) {
	var next atomic.Uint64
	var all sync.WaitGroup
	for range max(1, v.job.Concurrency) {
		all.Go(func() {
			for ctx.Err() == nil {
				n := next.Add(1)
				if v.job.Count > 0 && n > v.job.Count {
					return
				}
				f(v.job.First + n - 1)
				pause(ctx, v.job.Pace)
			}
		})
	}
	all.Wait()
}

// persist tries until the message is stored, as a caller does who may repeat
// himself: the id stays the same.
func (v *victim) persist(ctx context.Context, id uint64, attempt sender) {
	v.note(journal.Attempted, id)
	for {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), v.timeout())
		err := attempt(limited, id)
		cancel()
		v.note(outcome(err), id)
		if err == nil || ctx.Err() != nil || v.job.Once {
			return
		}
		v.log.Info("not stored yet", "id", id, "reason", err)
		pause(ctx, retryPause)
	}
}

func (v *victim) timeout() time.Duration {
	if v.job.Timeout > 0 {
		return v.job.Timeout
	}
	return time.Minute
}

// outcome sorts an error into its set. One that is in no set is a fault of its
// own: the message is left hanging by it.
func outcome(err error) journal.Kind {
	switch {
	case err == nil:
		return journal.OK
	case errors.Is(err, parley.ErrOutcomeUnknown):
		return journal.Unknown
	case errors.Is(err, parley.ErrNotSent), errors.Is(err, parley.ErrNoRoute), errors.Is(err, parley.ErrRefused),
		errors.Is(err, parley.ErrBlocked), errors.Is(err, parley.ErrExpired), errors.Is(err, parley.ErrStopped):
		return journal.Failed
	}
	if remote, ok := errors.AsType[*parley.RemoteError](err); ok && remote != nil {
		return journal.Failed
	}
	panic(fmt.Sprintf("victim: an error without an outcome: %v", err))
}
