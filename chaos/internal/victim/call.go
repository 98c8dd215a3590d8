package victim

import (
	"context"
	"fmt"
	"strconv"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
)

// caller asks for every id and wants it back.
func (v *victim) caller(ctx context.Context) error {
	app := v.app()
	target := app.Publisher(v.job.Queue, parley.Timeout(v.timeout()))
	return v.send(ctx, app, func(ctx context.Context, id uint64) error {
		text := strconv.FormatUint(id, 10)
		answer, err := parley.Request[string](context.WithoutCancel(ctx), target, text, parley.MessageID(text))
		if err != nil {
			return err
		}
		v.note(journal.Replied, id)
		if answer != text {
			return fmt.Errorf("victim: wanted the answer %s, got %s", text, answer)
		}
		return nil
	})
}
