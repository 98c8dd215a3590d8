package parleyfx

import (
	"reflect"
	"slices"

	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/callsite"
)

// Router gives the fx.Module that it stands in a router of its own: every
// [Subscriber], [Publisher] and [Client] of the module, and of the modules in
// it, is declared there, below prefix and with opts as defaults. It is included
// in the router of the module around, or in the app. See [parley.NewRouter].
//
//	fx.Module("billing",
//		fx.Provide(NewBilling),
//		parleyfx.Router("billing", parley.Concurrency(4)),
//		parleyfx.Subscriber("charge", (*Billing).Charge), // billing.charge
//	)
//
// Functions of the module can take the *[parley.Router].
func Router(prefix string, opts ...parley.Option) fx.Option {
	opts = append(slices.Clip(opts), parley.Declared{Site: callsite.Caller().String()})
	return fx.Options(
		// One router for each application that the option is given to.
		fx.Decorate(func(around *place) *place { return around.include(parley.NewRouter(prefix, opts...)) }),
		fx.Provide(func(p *place) *parley.Router { return p.router }, fx.Private),
	)
}

// place is where the declarations of one fx.Module go.
type place struct {
	app *parley.App
	// router is nil in the app itself.
	router *parley.Router
}

var placeType = reflect.TypeFor[*place]()

func (p *place) include(r *parley.Router) *place {
	if p.router != nil {
		p.router.Include(r)
	} else {
		p.app.Include(r)
	}
	return &place{p.app, r}
}

func (p *place) subscriber(address string, fn any, opts []parley.SubscriberOption) {
	if p.router != nil {
		p.router.Subscriber(address, fn, opts...)
	} else {
		p.app.Subscriber(address, fn, opts...)
	}
}

// declarer is where publishers and clients are declared.
func (p *place) declarer() parley.Declarer {
	if p.router != nil {
		return p.router
	}
	return p.app
}
