package victim

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
)

// Streamer answers a [Range] with a stream of the ids in it, each noted as
// attempted before it is yielded.
const Streamer Role = "streamer"

// itemSize is that of an item's body in bytes: a load that were held in memory
// would be seen there.
const itemSize = 1 << 10

// Range asks for the ids from First to Last.
type Range struct{ First, Last uint64 }

func (v *victim) streamer(ctx context.Context) error {
	app := v.app()
	app.Subscriber(v.job.Queue, func(_ context.Context, q Range) iter.Seq[string] {
		return func(yield func(string) bool) {
			for id := q.First; id <= q.Last; id++ {
				v.note(journal.Attempted, id)
				if !yield(item(id)) {
					return
				}
			}
		}
	}, parley.Concurrency(max(1, v.job.Concurrency)))
	return v.until(ctx, app)
}

func item(id uint64) string {
	text := strconv.FormatUint(id, 10)
	return text + strings.Repeat(" ", itemSize-len(text))
}

// ItemID reads the id of an item.
func ItemID(text string) (uint64, error) {
	id, err := strconv.ParseUint(strings.TrimRight(text, " "), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("victim: wanted an item, got %.20q", text)
	}
	return id, nil
}
