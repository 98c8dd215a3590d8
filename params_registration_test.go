package parley_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func supply[T any](v T) parley.SubscriberOption { return parley.Supply(reflect.TypeFor[T](), v) }

func needsTenant(_ context.Context, _ parley.NoBody, _ tenant) {}

func TestParamRegistrationErrors(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		declare func(app *parley.App)
		opts    []parley.Option
		want    []string // in this order
	}{
		"missing": {
			func(app *parley.App) { app.Subscriber("a", needsTenant, supply[clock](stopped(""))) },
			[]parley.Option{parley.Param(userOf)},
			[]string{
				`parley: subscriber "a" (params_registration_test.go:`, "handler parley_test.needsTenant (params_registration_test.go:",
				"wanted a parameter resolver for third parameter, got none for parley_test.tenant in func(context.Context, binder.NoBody, parley_test.tenant)",
				"hint: register one with parley.Param", "resolved here: parley_test.clock, parley_test.user",
			},
		},
		"missing behind another": {
			func(app *parley.App) { app.Subscriber("a", needsTenant) },
			[]parley.Option{parley.Param(func(user) tenant { return tenant{} })},
			[]string{
				`subscriber "a"`, "wanted a parameter resolver for what third parameter needs: parley_test.tenant (params_registration_test.go:",
				") needs parley_test.user, got none for parley_test.user", "resolved here: parley_test.tenant",
			},
		},
		"resolved in another router": {
			func(app *parley.App) {
				app.Include(parley.NewRouter("r", parley.Param(userOf)))
				app.Subscriber("a", func(string, user) {})
			},
			nil,
			[]string{`subscriber "a"`, "wanted a parameter resolver for second parameter, got none for parley_test.user"},
		},
		"circle": {
			func(app *parley.App) {
				app.Subscriber("a", needsTenant, parley.Param(func(tenant) user { return user{} }))
			},
			[]parley.Option{parley.Param(func(user) tenant { return tenant{} })},
			[]string{
				`subscriber "a"`, "third parameter", "got a circle, parley_test.tenant (params_registration_test.go:",
				") needs parley_test.user (params_registration_test.go:", ") needs parley_test.tenant (params_registration_test.go:", "hint",
			},
		},
		"input": {
			func(app *parley.App) { app.Subscriber("a", func(user) {}) },
			[]parley.Option{parley.Param(userOf)},
			[]string{`subscriber "a"`, "wanted the input as first parameter, got a resolved parameter of type parley_test.user", "parley.NoBody"},
		},
		"supplied input": {
			func(app *parley.App) { app.Subscriber("a", func(*service) {}, supply(&service{})) },
			nil,
			[]string{`subscriber "a"`, "wanted the input as first parameter, got a resolved parameter of type *parley_test.service"},
		},
		"no function, at the app": {
			func(*parley.App) {},
			[]parley.Option{parley.Param(user{})},
			[]string{"parley: app: parameter resolver (params_registration_test.go:", "wanted a resolver function, got parley_test.user"},
		},
		"no function, at a router": {
			func(app *parley.App) { app.Include(parley.NewRouter("r", parley.Param(nil))) },
			nil,
			[]string{`parley: router "r" (params_registration_test.go:`, "parameter resolver (params_registration_test.go:", "wanted a resolver function, got nil"},
		},
		"no function, at a subscriber": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.Param(nil)) },
			nil,
			[]string{`parley: subscriber "a" (params_registration_test.go:`, "parameter resolver (params_registration_test.go:", "wanted a resolver function, got nil"},
		},
		"of the message": {
			func(*parley.App) {},
			[]parley.Option{parley.Param(func() *parley.Message { return nil })},
			[]string{"parley: app: parameter resolver", "wanted a resolver for a type of your own", "transport.Message"},
		},
		"of the context": {
			func(*parley.App) {},
			[]parley.Option{parley.Param(func() (context.Context, error) { return nil, nil })}, //nolint:nilnil // never called
			[]string{"parley: app: parameter resolver", "wanted a resolver for a type of your own", "context.Context"},
		},
		"of the delivery": {
			func(*parley.App) {},
			[]parley.Option{parley.Param(func() *parley.Delivery { return nil })},
			[]string{"parley: app: parameter resolver", "wanted a resolver for a type of your own, got one for *parley.Delivery"},
		},
		"from the delivery": {
			func(*parley.App) {},
			[]parley.Option{parley.Param(func(*parley.Delivery) user { return user{} })},
			[]string{"parley: app: parameter resolver", "wanted a resolved type, context.Context or *parley.Message as first parameter, got *parley.Delivery"},
		},
		"supplied delivery": {
			func(*parley.App) {},
			[]parley.Option{supply(&parley.Delivery{})},
			[]string{"parley: app: supplied parameter *parley.Delivery", "wanted a resolver for a type of your own, got one for *parley.Delivery"},
		},
		"two in one scope": {
			func(*parley.App) {},
			[]parley.Option{parley.Param(userOf), parley.Param(userOf)},
			[]string{
				"parley: app: parameter resolver (params_registration_test.go:", "wanted one resolver for each type",
				"got a second one for parley_test.user besides parameter resolver (params_registration_test.go:", "hint",
			},
		},
		"supplied twice": {
			func(app *parley.App) { app.Subscriber("a", fine, supply(&service{}), supply(&service{})) },
			nil,
			[]string{`subscriber "a"`, "wanted one resolver for each type"},
		},
		"supplied nil": {
			func(*parley.App) {},
			[]parley.Option{supply[*service](nil)},
			[]string{"parley: app: supplied parameter *parley_test.service: wanted a value of type *parley_test.service, got nil"},
		},
		"supplied without a type": {
			func(*parley.App) {},
			[]parley.Option{parley.Supply(nil, 1)},
			[]string{"parley: app: supplied parameter", "wanted the type of the parameter, got nil"},
		},
		"declared for an app": {
			func(*parley.App) {},
			[]parley.Option{parley.Declared{Site: "main.go:14"}},
			[]string{"parley: app: wanted options for many declarations, got parley.Declared(main.go:14)", "hint"},
		},
		"an option of a router that is declared elsewhere": {
			func(app *parley.App) {
				app.Include(parley.NewRouter("r", parley.Declared{Site: "main.go:14"}, parley.FailFast()))
			},
			nil,
			[]string{`parley: router "r" (main.go:14)`, "parley.FailFast()"},
		},
		"where else a parameter may come from": {
			func(app *parley.App) {
				app.Subscriber("a", needsTenant, parley.Declared{Hint: "fx.Provide it"})
			},
			nil,
			[]string{"wanted a parameter resolver", "hint: register one with parley.Param, or move the field into the input, or fx.Provide it"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := declared(t, c.declare, c.opts...)
			require.Error(t, err)
			require.Equal(t, 1, strings.Count(err.Error(), "parley: "), "one fault: %s", err)
			rest := err.Error()
			for _, want := range c.want {
				i := strings.Index(rest, want)
				require.GreaterOrEqual(t, i, 0, "wanted %q in the rest of: %s", want, err)
				rest = rest[i+len(want):]
			}
		})
	}
}

// A subscriber that needs it is not begun, in an app that runs neither.
func TestAFaultyParamIsNotMissing(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Param(func(_ user, _ context.Context) tenant { return tenant{} }))
	s := app.Subscriber("a", needsTenant)
	err := app.Err()
	require.Equal(t, 2, strings.Count(err.Error(), "parley: "), err)
	require.ErrorContains(t, err, "parley: app: parameter resolver (params_registration_test.go:")
	require.ErrorContains(t, err, "wanted context.Context as first parameter")
	require.ErrorContains(t, s.Err(), "for third parameter, got a faulty one for parley_test.tenant (params_registration_test.go:")
	require.Empty(t, app.Operations())
}

func TestASupplyIsNoDuplicateOfAParam(t *testing.T) {
	t.Parallel()
	require.NoError(t, declared(t, func(app *parley.App) {
		app.Subscriber("a", func(string, user) {})
	}, parley.Param(userOf), supply(user{})))
}

// An adapter's subscriber is named after what its user wrote.
func TestDeclared(t *testing.T) {
	t.Parallel()
	s := &service{}
	by := parley.Declared{Site: "orders.go:31", Handler: (*service).Change}
	app := parley.New(memory.New())
	app.Subscriber("a", func(o order) { s.Change(o) }, by)
	app.Publisher("b", by)
	app.Subscriber("c", fine, parley.Declared{})
	require.NoError(t, app.Err())
	a, c, b := app.Operations()[0], app.Operations()[1], app.Operations()[2]
	require.Equal(t, []string{"orders.go:31", "parley_test.(*service).Change"}, []string{a.Site, a.Handler})
	require.Contains(t, a.HandlerSite, "registration_test.go:")
	require.Equal(t, "orders.go:31", b.Site)
	require.Contains(t, c.Site, "params_registration_test.go:")
	require.Equal(t, "parley_test.fine", c.Handler)

	err := declared(t, func(app *parley.App) {
		app.Subscriber("a", func(_ order, _ tenant) {}, by)
		app.Subscriber("a", func(order) {})
		app.Subscriber("a", func(order) {}, by)
	})
	require.ErrorContains(t, err, `parley: subscriber "a" (orders.go:31): handler parley_test.(*service).Change (registration_test.go:`)
	require.ErrorContains(t, err, `parley: subscriber "a" (orders.go:31): wanted one subscriber for each queue`)
}
