package parley_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

type benchOrder struct {
	ID        string      `json:"id"         validate:"required,max=64"`
	Customer  string      `json:"customer"   validate:"required"`
	Email     string      `json:"email"      validate:"required,email"`
	Currency  string      `json:"currency"   validate:"required,len=3"`
	Total     float64     `json:"total"      validate:"gt=0"`
	Priority  int         `json:"priority"   validate:"gte=0,lte=9"`
	CreatedAt int64       `json:"created_at" validate:"required"`
	Items     []benchItem `json:"items"      validate:"required,min=1,dive"`
}

type benchItem struct {
	SKU   string  `json:"sku"   validate:"required,max=32"`
	Qty   int     `json:"qty"   validate:"gt=0"`
	Price float64 `json:"price" validate:"gte=0"`
}

type benchReceipt struct {
	OrderID  string  `json:"order_id"`
	Accepted bool    `json:"accepted"`
	Lines    int     `json:"lines"`
	Total    float64 `json:"total"`
}

// BenchmarkRequest is a request with its reply on memory: JSON, validation and
// a deadline, 64 callers.
func BenchmarkRequest(b *testing.B) {
	app := parley.New(memory.New())
	app.Subscriber("orders.place", func(_ context.Context, o benchOrder) (benchReceipt, error) {
		r := benchReceipt{OrderID: o.ID, Accepted: true, Lines: len(o.Items)}
		for _, i := range o.Items {
			r.Total += float64(i.Qty) * i.Price
		}
		return r, nil
	})
	place := app.Publisher("orders.place")
	if err := app.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	o := benchOrder{
		"ord-0123456789", "cust-42", "jane.doe@example.com", "EUR", 61.47, 3, 1732354447,
		[]benchItem{{"sku-1001", 2, 19.99}, {"sku-2002", 1, 21.49}},
	}
	b.ReportAllocs()
	b.SetParallelism(32)
	begin := processorTime()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := parley.Request[benchReceipt](b.Context(), place, o)
			if err != nil || !r.Accepted {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(processorTime()-begin)/float64(b.N), "cpu-ns/op")
	if err := app.Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// processorTime is what the process has used so far: steadier than the clock
// on a shared machine.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
