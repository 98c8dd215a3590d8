// Command slowreader shows that a slow reader slows the handler of a stream,
// and that neither side holds more than a window of it:
//
//	go run ./examples/slowreader                          # 20 s of 1 000 items of 1 KB a second
//	go run ./examples/slowreader -items 1000000 -for 20m  # all of a million
//
// It runs on the memory transport, or on the broker that PARLEY_URL names.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// settings are the flags.
type settings struct {
	items, size, rate int
	atMost            time.Duration
}

func main() {
	var s settings
	flag.IntVar(&s.items, "items", 1_000_000, "items that the handler has")
	flag.IntVar(&s.size, "size", 1<<10, "bytes of an item")
	flag.IntVar(&s.rate, "rate", 1000, "items that the reader takes in a second")
	flag.DurationVar(&s.atMost, "for", 20*time.Second, "when the reader leaves")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, broker(), s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func broker() transport.Transport {
	if url := os.Getenv("PARLEY_URL"); url != "" {
		return rabbitmq.New(url)
	}
	return memory.New()
}

func run(ctx context.Context, out io.Writer, broker transport.Transport, s settings) error {
	var made atomic.Int64
	app := parley.New(broker, parley.Info("slowreader", "1.0.0"), parley.Logger(slog.New(slog.DiscardHandler)))
	app.Subscriber("slowreader", func(_ context.Context, items int) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) {
			for range items {
				made.Add(1)
				if !yield(make([]byte, s.size)) {
					return
				}
			}
		}
	})
	bulk := app.Publisher("slowreader")
	if err := app.Start(ctx); err != nil {
		return err
	}
	err := read(ctx, out, bulk, s, &made)
	stop, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if stopped := app.Stop(stop); err == nil {
		err = stopped
	}
	return err
}

// read takes items at the rate of s and prints how far each side is.
func read(ctx context.Context, out io.Writer, bulk *parley.Publisher, s settings, made *atomic.Int64) error {
	begin := time.Now()
	taken, most := int64(0), int64(0)
	for _, err := range parley.Stream[[]byte](ctx, bulk, s.items) {
		if err != nil {
			return err
		}
		taken++
		most = max(most, made.Load()-taken)
		due := begin.Add(time.Duration(taken) * time.Second / time.Duration(s.rate))
		time.Sleep(time.Until(due))
		if taken%int64(5*s.rate) == 0 {
			fmt.Fprintf(out, "read %7d, made %7d, at most %d ahead, heap in use %.1f MiB\n", taken, made.Load(), most, heap())
		}
		if time.Since(begin) > s.atMost {
			break
		}
	}
	fmt.Fprintf(out, "done: the handler was never more than %d items ahead of its reader\n", most)
	return nil
}

// heap is what both sides, and a broker in memory, hold together.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse) / (1 << 20)
}
