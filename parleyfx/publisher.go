package parleyfx

import (
	"slices"

	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/callsite"
)

// Publisher provides a *[parley.Publisher] under the name of its address, which
// the declaration in an fx.Module with a [Router] does not have the prefix of:
//
//	parleyfx.Publisher("receipts")
//
//	type params struct {
//		fx.In
//		Receipts *parley.Publisher `name:"receipts"`
//	}
//
// It is declared when something asks for it.
func Publisher(address string, opts ...parley.SendOption) fx.Option {
	opts = append(slices.Clip(opts), parley.Declared{Site: callsite.Caller().String()})
	return fx.Provide(fx.Annotate(
		func(p *place) *parley.Publisher { return p.declarer().Publisher(address, opts...) },
		fx.ResultTags(`name:"`+address+`"`),
	))
}

// Client provides a *[parley.Client] for the requests of one address. It is
// declared when something asks for it. Where two clients of one application
// have the same types, give each a type of its own:
//
//	fx.Provide(func(c *parley.Client[Charge, Paid]) Charger { return c })
func Client[In, Out any](address string, opts ...parley.SendOption) fx.Option {
	opts = append(slices.Clip(opts), parley.Declared{Site: callsite.Caller().String()})
	return fx.Provide(func(p *place) *parley.Client[In, Out] {
		return parley.NewClient[In, Out](p.declarer(), address, opts...)
	})
}
