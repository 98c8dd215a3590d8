// Command latereplies kills a client while 5 000 replies to it are due, and
// shows that it finds all of them when it comes back:
//
//	PARLEY_URL=amqp://guest:guest@localhost:5672/ go run ./examples/latereplies
//
// The client is a process of its own (kill -9 leaves it no time to say goodbye),
// so a broker is needed that outlives it: RabbitMQ.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// Order asks for a Receipt.
type Order struct {
	Invoice string `json:"invoice"`
}

// Receipt comes when it comes.
type Receipt struct {
	Invoice string `json:"invoice"`
}

// settings are the flags.
type settings struct {
	url string
	// name begins the names of all queues.
	name string
	// replies are how many are due, and lost how many of them the service forgets.
	replies, lost int
}

func (s settings) orders() string   { return s.name + ".orders" }
func (s settings) receipts() string { return s.name + ".receipts" }

func main() {
	s := settings{url: os.Getenv("PARLEY_URL")}
	role := flag.String("role", "", "what the process is: the client that asks, the one that collects, or all of it")
	flag.StringVar(&s.name, "name", "latereplies", "how the names of the queues begin")
	flag.IntVar(&s.replies, "n", 5000, "replies that are due")
	flag.IntVar(&s.lost, "lose", 0, "replies that the service forgets, to see that it is noticed")
	flag.Parse()
	play := run
	switch *role {
	case "ask":
		play = ask
	case "collect":
		play = collect
	}
	if err := play(context.Background(), os.Stdout, s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run is the service, and starts and kills its clients.
func run(ctx context.Context, out io.Writer, s settings) (err error) {
	if s.url == "" {
		return errors.New("no broker: set PARLEY_URL, such as amqp://guest:guest@localhost:5672/")
	}
	service := newApp(s)
	desk := newDesk(s.replies)
	service.Subscriber(s.orders(), desk.take)
	receipts := service.Publisher(s.receipts())
	if err := service.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Shutdown(ctx)) }()

	if err := askAndKill(ctx, out, s, desk); err != nil {
		return err
	}
	if err := desk.answer(ctx, service, s.lost); err != nil {
		return err
	}
	// The last message of the queue, behind all answers.
	if err := receipts.Publish(ctx, nil, parley.CorrelationID(closing)); err != nil {
		return err
	}
	fmt.Fprintf(out, "service: answered %d orders of a client that is dead\n", s.replies-s.lost)
	client := self(ctx, s, "collect")
	client.Stdout, client.Stderr = out, os.Stderr
	return client.Run()
}

// closing is the correlation id of the message after which nothing comes.
const closing = "closing"

// askAndKill runs a client until all its orders are taken and none is answered.
func askAndKill(ctx context.Context, out io.Writer, s settings, desk *desk) error {
	client := self(ctx, s, "ask")
	client.Stderr = os.Stderr
	if err := client.Start(); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() { gone <- client.Wait() }()
	select {
	case err := <-gone:
		return fmt.Errorf("the client ended by itself: %w", err)
	case <-desk.full:
	}
	if err := client.Process.Kill(); err != nil {
		return err
	}
	fmt.Fprintf(out, "client:  killed (%v), %d replies are due\n", <-gone, s.replies)
	return nil
}

// self returns another process of this program.
func self(ctx context.Context, s settings, role string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], "-role", role, "-name", s.name, "-n", fmt.Sprint(s.replies))
	cmd.Env = append(os.Environ(), "PARLEY_URL="+s.url)
	return cmd
}

func newApp(s settings) *parley.App {
	return parley.New(rabbitmq.New(s.url), parley.Info(s.name, "1.0.0"), parley.Logger(slog.New(slog.DiscardHandler)))
}

// desk keeps the tokens of orders; a service that may die keeps them in its
// database.
type desk struct {
	mu     sync.Mutex
	tokens map[string]string // by invoice
	want   int
	// full is closed when there are as many as are wanted.
	full chan struct{}
}

func newDesk(want int) *desk {
	return &desk{tokens: map[string]string{}, want: want, full: make(chan struct{})}
}

// take keeps an order for later.
func (d *desk) take(_ context.Context, o Order, receipt parley.Later[Receipt]) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, again := d.tokens[o.Invoice]
	d.tokens[o.Invoice] = receipt.Token()
	if len(d.tokens) == d.want && !again {
		close(d.full)
	}
	return nil
}

// answer answers all orders but some.
func (d *desk) answer(ctx context.Context, app *parley.App, lost int) error {
	const atOnce = 64
	var group sync.WaitGroup
	room, failures := make(chan struct{}, atOnce), make(chan error, d.want)
	for invoice, token := range d.tokens {
		if lost > 0 {
			lost--
			continue
		}
		room <- struct{}{}
		group.Go(func() {
			if err := parley.Reply(ctx, app, token, Receipt{invoice}); err != nil {
				failures <- err
			}
			<-room
		})
	}
	group.Wait()
	close(failures)
	return <-failures
}
