package binder_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// BenchmarkParams shows what resolved parameters cost a handler that does
// nothing else: each is a pointer, from a function of context and message. With
// dependencies, each needs the one before it.
func BenchmarkParams(b *testing.B) {
	one, two, three := new(first), new(second), new(third)
	alone := []any{
		func(context.Context, *transport.Message) (*first, error) { return one, nil },
		func(context.Context, *transport.Message) (*second, error) { return two, nil },
		func(context.Context, *transport.Message) (*third, error) { return three, nil },
	}
	undone := func(error) error { return nil }
	handler := func(context.Context, binder.NoBody, *first, *second, *third) {}
	for _, c := range []struct {
		name      string
		fn        any
		resolvers []any
	}{
		{"0", func(context.Context, binder.NoBody) {}, nil},
		{"1", func(context.Context, binder.NoBody, *first) {}, alone},
		{"3", handler, alone},
		{"3 with dependencies", handler, []any{
			alone[0],
			func(context.Context, *first) (*second, error) { return two, nil },
			func(context.Context, *first, *second) (*third, error) { return three, nil },
		}},
		{"3 with cleanups", handler, []any{
			func(context.Context) (*first, func(error) error, error) { return one, undone, nil },
			func(context.Context) (*second, func(error) error, error) { return two, undone, nil },
			func(context.Context) (*third, func(error) error, error) { return three, undone, nil },
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var config binder.Config
			for i, fn := range c.resolvers {
				r, err := binder.NewResolver(fn, fmt.Sprint(i))
				if err != nil {
					b.Fatal(err)
				}
				config.Resolvers = append(config.Resolvers, r)
			}
			p, err := binder.Compile(c.fn, config)
			if err != nil {
				b.Fatal(err)
			}
			m := &transport.Message{}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Call(context.Background(), m, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
