package victim

import (
	"context"
	"strconv"
	"sync"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/transport/topology"
)

// Asker sends requests and takes the answers from a queue that outlives it. A
// later life under the same name goes on where the journal ends.
const Asker Role = "asker"

// ExclusiveReplies gives the answers a queue that dies with its asker.
const ExclusiveReplies Flavor = "exclusive reply queue"

// DuplicateReply is the line with which an asker flags an answer that it has
// processed before.
const DuplicateReply = "duplicate reply"

// Replies is the queue to which the answers from queue go.
func Replies(queue string) string { return queue + ".replies" }

func (v *victim) asker(ctx context.Context) error {
	before := journal.NewLedger(v.job.Folder)
	if err := before.Read(); err != nil {
		return err
	}
	answers := &answers{victim: v, processed: map[uint64]bool{}}
	stored := map[uint64]bool{}
	for _, id := range before.IDs() {
		answers.processed[id] = before.Of(id).Replied > 0
		stored[id] = before.Of(id).OK > 0
	}
	app := v.app()
	var options []parley.SubscriberOption
	if v.job.Flavor == ExclusiveReplies {
		options = append(options, parley.From(topology.Exclusive()))
	}
	app.Subscriber(Replies(v.job.Queue), answers.take, options...)
	target := app.Publisher(v.job.Queue, parley.ReplyTo(Replies(v.job.Queue)))
	if err := app.Start(ctx); err != nil {
		return err
	}
	v.ready()
	v.each(ctx, func(id uint64) {
		if stored[id] {
			return
		}
		v.persist(ctx, id, func(ctx context.Context, id uint64) error {
			text := strconv.FormatUint(id, 10)
			return target.Publish(ctx, text, parley.MessageID(text))
		})
	})
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	return app.Stop(stop)
}

// answers are those that one asker has processed, in earlier lives too.
type answers struct {
	*victim

	mu        sync.Mutex
	processed map[uint64]bool
}

// take processes an answer once and flags every further one. The note is the
// work: what is noted is done.
func (a *answers) take(body string) error {
	id, err := strconv.ParseUint(body, 10, 64)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.processed[id] {
		a.log.Info(DuplicateReply, "id", id)
		return nil
	}
	a.processed[id] = true
	a.note(journal.Replied, id)
	return nil
}
