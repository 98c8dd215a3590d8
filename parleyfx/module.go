package parleyfx

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"

	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// Module provides the *[parley.App] and runs it with the fx application. opts
// are its options, for what is known when the program is written; those that
// come from the configuration are a []parley.Option in the container.
func Module(opts ...parley.Option) fx.Option {
	return fx.Module("parley",
		fx.Provide(
			func(p parts) *parley.App { return p.app(opts) },
			func(app *parley.App) *place { return &place{app: app} },
		),
		fx.Invoke(wire),
	)
}

// parts are what an app is made of.
type parts struct {
	fx.In

	Transport transport.Transport
	Options   []parley.Option `optional:"true"`
	Logger    *slog.Logger    `optional:"true"`
}

func (p parts) app(opts []parley.Option) *parley.App {
	all := make([]parley.Option, 0, len(opts)+len(p.Options)+1)
	if p.Logger != nil {
		all = append(all, parley.Logger(p.Logger))
	}
	return parley.New(p.Transport, append(append(all, opts...), p.Options...)...)
}

// wiring is what [wire] asks for. Everything that a registration is made of has
// been built when it is there, so its hooks come before the app's.
type wiring struct {
	fx.In

	Lifecycle     fx.Lifecycle
	App           *parley.App
	Registrations []registration `group:"parley.registrations"`
}

// wire registers everything and lets the app live with the application.
func wire(w wiring) error {
	slices.SortFunc(w.Registrations, func(a, b registration) int { return cmp.Compare(a.order, b.order) })
	var faults []error
	for _, r := range w.Registrations {
		faults = append(faults, r.apply())
	}
	if err := errors.Join(append(faults, w.App.Err())...); err != nil {
		return err
	}
	s := service{w.App}
	w.Lifecycle.Append(fx.StartStopHook(s.start, s.Shutdown))
	return nil
}

// service is an app with the methods that fx's hooks have.
type service struct{ *parley.App }

func (s service) start(ctx context.Context) error { return s.Start(ctx) }
