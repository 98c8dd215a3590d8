// Command quickstart runs a service and its client in one process and prints
// what they say to each other: the ways to ask for something over a broker.
//
// It runs on the in-memory transport; with PARLEY_URL=amqp://… on RabbitMQ.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func main() {
	var t transport.Transport = memory.New()
	if url := os.Getenv("PARLEY_URL"); url != "" {
		t = rabbitmq.New(url)
	}
	fmt.Printf("running on %s\n", t)
	if err := run(context.Background(), os.Stdout, newApp(t)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Pong answers a ping. Its return value is sent to whoever asked.
func Pong(_ context.Context, ping string) (string, error) {
	if ping != "ping" {
		return "", parley.NewError(parley.CodeInvalidArgument, "say ping")
	}
	return "pong!", nil
}

// Sleep takes longer than its caller has.
func Sleep(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func newApp(t transport.Transport) *parley.App {
	return parley.New(t, parley.Info("quickstart", "1.0.0"), parley.Logger(slog.New(slog.DiscardHandler)))
}

func run(ctx context.Context, w io.Writer, app *parley.App) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	replies := make(chan string, 1)
	app.Subscriber("quickstart.ping", Pong)
	app.Subscriber("quickstart.sleep", Sleep)
	app.Subscriber("quickstart.replies", func(_ context.Context, reply string) error {
		replies <- reply
		return nil
	})
	ping, sleep := app.Publisher("quickstart.ping"), app.Publisher("quickstart.sleep")

	if err := app.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = app.Stop(context.WithoutCancel(ctx)) }()

	samples := []struct {
		title string
		ask   func() (string, error)
	}{
		{"1. the return value is the answer", func() (string, error) {
			m, err := ping.Request(ctx, "ping")
			if err != nil {
				return "", err
			}
			return string(m.Body), nil
		}},
		{"2. a request waits 30 s by default", func() (string, error) {
			return parley.Request[string](ctx, ping, "ping")
		}},
		{"3. or 3 s", func() (string, error) {
			return parley.Request[string](ctx, ping, "ping", parley.Timeout(3*time.Second))
		}},
		{"4. or as long as it takes", func() (string, error) {
			return parley.Request[string](ctx, ping, "ping", parley.NoTimeout())
		}},
		{"5. time runs out", func() (string, error) {
			_, err := parley.Request[string](ctx, sleep, "zzz", parley.Timeout(50*time.Millisecond))
			if errors.Is(err, parley.ErrTimeout) && errors.Is(err, context.DeadlineExceeded) {
				return "timeout", nil
			}
			return "", fmt.Errorf("wanted a timeout, got: %w", err)
		}},
		{"   quietly: no error, no value", func() (string, error) {
			reply, err := parley.Request[*string](ctx, sleep, "zzz", parley.Timeout(50*time.Millisecond), parley.QuietTimeout())
			return fmt.Sprint(reply), err
		}},
		{"6. nobody waits: the answer goes to another subscriber", func() (string, error) {
			if err := ping.Publish(ctx, "ping", parley.ReplyTo("quickstart.replies")); err != nil {
				return "", err
			}
			select {
			case reply := <-replies:
				return reply, nil
			case <-ctx.Done():
				return "", context.Cause(ctx)
			}
		}},
		{"   ask now, take the answer later", func() (string, error) {
			call := parley.Go[string](ctx, ping, "ping")
			return call.Wait(ctx)
		}},
	}
	for _, s := range samples {
		answer, err := s.ask()
		if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		fmt.Fprintf(w, "%-56s → %s\n", s.title, answer)
	}
	return nil
}
