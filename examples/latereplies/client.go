package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/parley-go/parley"
)

// invoice is the client's own word for an order, and the token of its answer.
func invoice(i int) string { return fmt.Sprintf("invoice-%d", i) }

// ask is the client before it is killed: it sends all orders and waits.
func ask(ctx context.Context, _ io.Writer, s settings) error {
	app := newApp(s)
	parley.Replies(app, s.receipts(), func(_ context.Context, a parley.Answer[Receipt]) error {
		return errors.New("too early: " + a.Token)
	})
	orders := app.Publisher(s.orders())
	if err := app.Start(ctx); err != nil {
		return err
	}
	const atOnce = 64
	numbers := make(chan int)
	failures := make(chan error, atOnce)
	for range atOnce {
		go func() {
			for i := range numbers {
				err := orders.Publish(ctx, Order{invoice(i)}, parley.ReplyTo(s.receipts()), parley.Token(invoice(i)))
				if err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	for i := range s.replies {
		select {
		case numbers <- i:
		case err := <-failures:
			return err
		}
	}
	return <-failures // none: it waits to be killed
}

// collect is the client that comes back: it counts the answers by their tokens.
func collect(ctx context.Context, out io.Writer, s settings) (err error) {
	app := newApp(s)
	found := map[string]int{}
	var unfit []error
	closed, once := make(chan struct{}), sync.Once{}
	// One after another: what comes last is the last one.
	parley.Replies(app, s.receipts(), func(_ context.Context, a parley.Answer[Receipt]) error {
		switch {
		case a.Message.CorrelationID == closing:
			once.Do(func() { close(closed) })
		case a.Err != nil:
			unfit = append(unfit, a.Err)
		case a.Value.Invoice != a.Token:
			unfit = append(unfit, fmt.Errorf("%s got the receipt of %s", a.Token, a.Value.Invoice))
		default:
			found[a.Token]++
		}
		return nil
	}, parley.Concurrency(1))
	if err := app.Start(ctx); err != nil {
		return err
	}
	<-closed
	if err := app.Shutdown(ctx); err != nil {
		return err
	}
	return errors.Join(report(out, found, s.replies), errors.Join(unfit...))
}

// report says whether each token came, and how often.
func report(out io.Writer, found map[string]int, want int) error {
	missing, twice := 0, 0
	for i := range want {
		switch n := found[invoice(i)]; {
		case n == 0:
			missing++
		case n > 1:
			twice++
		}
	}
	fmt.Fprintf(out, "client:  back again, found %d of %d replies by their tokens, %d twice\n", want-missing, want, twice)
	if missing > 0 {
		return fmt.Errorf("%d replies are missing", missing)
	}
	return nil
}
