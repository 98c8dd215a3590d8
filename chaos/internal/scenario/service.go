package scenario

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// stopBudget is what a healthy app may take to stop.
const stopBudget = 20 * time.Second

// bench is where a scenario works with apps inside the driver.
type bench struct {
	*stage.Run
	journal *journal.Writer
	log     *os.File
	apps    []*parley.App
}

// newBench opens a journal of the scenario's own. Close it before judging.
func newBench(r *stage.Run) (*bench, error) {
	w, err := journal.Create(journal.Path(r.Folder(), "driver"))
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(r.Folder(), "driver.log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	return &bench{Run: r, journal: w, log: log}, err
}

// app makes an app on the broker at url, which close stops.
func (b *bench) app(url string, options ...rabbitmq.Option) *parley.App {
	options = append([]rabbitmq.Option{rabbitmq.Backoff(100*time.Millisecond, 2*time.Second)}, options...)
	app := parley.New(rabbitmq.New(url, options...), parley.Info("chaos", "1"), parley.Logger(b.logger()))
	b.apps = append(b.apps, app)
	return app
}

// logger writes to the log of the run.
func (b *bench) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b.log, nil)) }

// close stops every app; one that does not stop in time is a finding.
func (b *bench) close() {
	for _, app := range b.apps {
		ctx, cancel := context.WithTimeout(context.Background(), stopBudget)
		if err := app.Stop(ctx); err != nil {
			b.Wrongf("an app did not stop within %v: %v", stopBudget, err)
		}
		cancel()
	}
	_ = b.journal.Close()
	_ = b.log.Close()
}

// echo answers ids and notes them.
func (b *bench) echo(work time.Duration) func(context.Context, string) (string, error) {
	return func(_ context.Context, body string) (string, error) {
		id, err := strconv.ParseUint(body, 10, 64)
		if err != nil {
			return "", err
		}
		<-time.After(work)
		b.journal.Note(journal.Handled, id)
		return body, nil
	}
}

// crowd calls f for n ids from first on, so many at once, and waits for all.
func crowd(n, at int, first uint64, f func(id uint64)) {
	ids := make(chan uint64)
	var all sync.WaitGroup
	for range min(at, n) {
		all.Go(func() {
			for id := range ids {
				f(id)
			}
		})
	}
	for i := range n {
		ids <- first + uint64(i)
	}
	close(ids)
	all.Wait()
}

// channel opens a raw connection with one channel; close ends both.
func channel(url string) (ch *amqp.Channel, closeAll func(), err error) {
	conn, err := amqp.Dial(url)
	if err != nil {
		return nil, nil, err
	}
	if ch, err = conn.Channel(); err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return ch, func() { _ = conn.Close() }, nil
}

// durations are gathered concurrently.
type durations struct {
	mu  sync.Mutex
	all []time.Duration
}

func (d *durations) add(one time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, one)
}

// over counts those that are longer than limit.
func (d *durations) over(limit time.Duration) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.all {
		if one > limit {
			n++
		}
	}
	return n
}

// text is a body for id.
func text(id uint64) string { return strconv.FormatUint(id, 10) }
