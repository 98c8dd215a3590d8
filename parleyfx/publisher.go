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
		func(p *place) *parley.Publisher { return p.publisher(address, opts) },
		fx.ResultTags(`name:"`+address+`"`),
	))
}
