package parleyfx_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyfx"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

type Prices map[string]int

func NewPrices() Prices { return Prices{"tea": 350} }

type Shop struct{ prices Prices }

func NewShop(p Prices) *Shop { return &Shop{p} }

// Quote is a handler: its receiver comes from the container.
func (s *Shop) Quote(_ context.Context, article string) (int, error) {
	cents, ok := s.prices[article]
	if !ok {
		return 0, parley.NewError(parley.CodeNotFound, "no such article")
	}
	return cents, nil
}

func NewTransport() transport.Transport { return memory.New() }

func Example() {
	type params struct {
		fx.In
		Quote *parley.Publisher `name:"quote"`
	}
	app := fx.New(
		parleyfx.Module(parley.Info("shop", "1.0.0")),
		fx.Provide(NewTransport, NewPrices, NewShop),
		parleyfx.Subscriber("quote", (*Shop).Quote),
		parleyfx.Publisher("quote"),
		fx.Invoke(func(life fx.Lifecycle, p params) {
			life.Append(fx.StartHook(func(ctx context.Context) error {
				cents, err := parley.Request[int](ctx, p.Quote, "tea")
				fmt.Println(cents, err)
				return err
			}))
		}),
		fx.NopLogger,
		fx.Supply(slog.New(slog.NewTextHandler(io.Discard, nil))),
	)
	// A main function calls app.Run().
	_ = app.Start(context.Background())
	_ = app.Stop(context.Background())
	// Output: 350 <nil>
}

// What cannot be wired is told by fx.New, with the place of the call.
func ExampleSubscriber_missing() {
	app := fx.New(
		parleyfx.Module(parley.Info("shop", "1.0.0")),
		fx.Provide(NewTransport),
		parleyfx.Subscriber("quote", (*Shop).Quote),
		fx.NopLogger,
	)
	fmt.Println(app.Err())
	// Output:
	// parley: subscriber "quote" (example_test.go:67): handler parleyfx_test.(*Shop).Quote: wanted its receiver *parleyfx_test.Shop from the container, got none; hint: fx.Provide its constructor, and whatever that needs
}
