package parley_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// A message that fails is tried again: at once, and then after a delay through
// the broker. What cannot be cured is not.
func ExampleRetry() {
	app := parley.New(memory.New(), quiet)
	attempts := 0
	app.Subscriber("mails.send", func(_ context.Context, to string) (string, error) {
		if to == "" {
			return "", parley.Permanent(errors.New("nobody to send to"))
		}
		if attempts++; attempts < 4 {
			return "", errors.New("the mail server is busy")
		}
		return fmt.Sprintf("sent after %d attempts", attempts), nil
	}, parley.Retry(parley.Immediate(1), parley.Delayed(10*time.Millisecond, time.Minute)))
	send := app.Publisher("mails.send")
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = app.Stop(ctx) }()

	answer, err := parley.Request[string](ctx, send, "jane@example.com")
	fmt.Println(answer, err)
	_, err = send.Request(ctx, "")
	fmt.Println(parley.CodeOf(err))
	// Output:
	// sent after 4 attempts <nil>
	// unknown
}

// A handler that settles its message by hand may go on working afterwards.
func ExampleManual() {
	app := parley.New(memory.New(), quiet)
	done := make(chan struct{})
	app.Subscriber("jobs", func(_ context.Context, job string, d *parley.Delivery) error {
		if err := d.Ack(); err != nil {
			return err
		}
		fmt.Println("acknowledged", job)
		close(done)
		return nil
	}, parley.Manual())
	jobs := app.Publisher("jobs")
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = app.Stop(ctx) }()
	if err := jobs.Publish(ctx, "clean up"); err != nil {
		fmt.Println(err)
	}
	<-done
	// Output: acknowledged clean up
}
