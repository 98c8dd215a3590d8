package parley_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// Where a declaration gets nil, by a variable that was not set, it is a fault
// like any other, and nothing panics.
func TestNilIsAFaultOfItsDeclaration(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		declare func(app *parley.App)
		subject string
	}{
		"option of a subscriber": {
			func(app *parley.App) { app.Subscriber("a", fine, nil) },
			`parley: subscriber "a" (mistake_test.go:`,
		},
		"option of a publisher": {
			func(app *parley.App) { app.Publisher("a", nil) },
			`parley: publisher "a" (mistake_test.go:`,
		},
		"option of a forwarded result": {
			func(app *parley.App) { app.Subscriber("a", func() int { return 1 }, parley.PublishTo("b", nil)) },
			`PublishTo("b")`,
		},
		"option of a router": {
			func(app *parley.App) { app.Include(parley.NewRouter("r", nil)) },
			`parley: router "r" (mistake_test.go:`,
		},
		"middleware": {
			func(app *parley.App) {
				app.Use(nil, parley.HandleMiddleware(nil), parley.SendMiddleware(nil), parley.OperationMiddleware(nil))
				app.Subscriber("a", fine)
				app.Publisher("a")
			},
			"parley: middleware",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := declared(t, c.declare)
			require.ErrorContains(t, err, c.subject)
			require.ErrorContains(t, err, "got nil; hint: ")
			_, registration := errors.AsType[*parley.RegistrationError](err)
			require.True(t, registration)
		})
	}
	err := declared(t, func(*parley.App) {}, nil)
	require.EqualError(t, err, "parley: app: wanted options, got nil; hint: leave it out")
	require.NoError(t, declared(t, func(*parley.App) {}, parley.Logger(nil), parley.Codec(nil), parley.Validator(nil)), "the default")
}

func TestNilIsAnErrorOfItsCall(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("a", fine)
	p := app.Publisher("a")
	require.ErrorContains(t, app.Start(t.Context(), nil), "got nil; hint: ")
	require.ErrorContains(t, app.Start(t.Context(), parley.On(nil)), "got nil; hint: parley.On(")
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.Background())) }()

	err := p.Publish(t.Context(), "x", nil)
	require.ErrorIs(t, err, parley.ErrNotSent)
	require.ErrorContains(t, err, `parley: send to "a": not sent: wanted options, got nil`)
	require.ErrorIs(t, parley.PublishBatch(t.Context(), p, slices.Values([]string{"x"}), nil), parley.ErrNotSent)

	_, err = parley.Request[string](t.Context(), nil, "x")
	require.EqualError(t, err, "parley: not sent: wanted a publisher, got nil; hint: app.Publisher(address)")
	require.ErrorIs(t, err, parley.ErrNotSent)
}

func TestAnswersThatSurprise(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), quiet)
	app.Subscriber("a", fine)
	a := app.Publisher("a")
	placed := app.Publisher("orders.{tenant}.placed", parley.To(topology.Topic("orders")))
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.Background())) }()

	_, err := parley.Request[int](t.Context(), a, "x")
	require.ErrorIs(t, err, parley.ErrNoValue)
	require.ErrorContains(t, err, "hint: read it as a pointer, or as parley.NoBody")

	_, err = parley.Request[int](t.Context(), a, "x", parley.Timeout(3))
	require.ErrorIs(t, err, parley.ErrExpired)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "hint: the limit was 3ns")

	err = placed.Publish(t.Context(), "x", parley.Path("tenat", "acme"))
	require.ErrorContains(t, err, `got "tenat"; hint: the address has {tenant}`)
	err = placed.Publish(t.Context(), "x")
	require.ErrorContains(t, err, `got none; hint: give it with parley.Path("tenant", value)`)
	err = a.Publish(t.Context(), "x", parley.Path("tenant", "acme"))
	require.ErrorContains(t, err, "hint: leave it out or put {tenant} into the address")
}

// Who sends too early is told what comes first.
func TestSendingBeforeTheStart(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), quiet)
	p := app.Publisher("a")
	err := p.Publish(t.Context(), "x")
	require.ErrorIs(t, err, parley.ErrNotStarted)
	require.ErrorContains(t, err, "hint: app.Start")
	require.NoError(t, app.Err())
	err = p.Publish(t.Context(), "x")
	require.ErrorIs(t, err, parley.ErrNotStarted)
	require.ErrorContains(t, err, "hint: app.Start")

	err = parley.NewRouter("r").Publisher("a").Publish(t.Context(), "x")
	require.ErrorIs(t, err, parley.ErrNotStarted)
	require.ErrorContains(t, err, "app.Include")
}

type misspelt struct {
	Lines []struct {
		SKU string `json:"sku" validate:"requird"`
	} `json:"lines"`
}

// What could only fail is told when the app starts, not with each message.
func TestFaultsThatWaitForTheFirstMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		declare func(app *parley.App)
		want    []string
	}{
		"a rule that is not known": {
			func(app *parley.App) { app.Subscriber("a", func(*misspelt) {}) },
			[]string{"undefined validation function 'requird' on field 'SKU'", "hint: correct the tag", "parley.Validator"},
		},
		"a pattern that matches nothing": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.AllowReplyTo("till-*", "[a")) },
			[]string{"wanted patterns of path.Match", "[a", "hint: "},
		},
		"nothing to forward": {
			func(app *parley.App) { app.Subscriber("a", fine, parley.PublishTo("b")) },
			[]string{"wanted a result for parley.PublishTo", "hint: "},
		},
		"the body behind the message": {
			func(app *parley.App) { app.Subscriber("a", func(*parley.Message, string) {}) },
			[]string{"none for string", "hint: put the body in front of *parley.Message"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := declared(t, c.declare)
			require.Error(t, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	rules := validator.New(validator.WithRequiredStructEnabled())
	require.NoError(t, rules.RegisterValidation("requird", func(validator.FieldLevel) bool { panic("not with a value of nobody") }))
	require.NoError(t, declared(t, func(app *parley.App) { app.Subscriber("a", func(misspelt) {}) }, parley.Validator(rules)))
	require.NoError(t, declared(t, func(app *parley.App) { app.Subscriber("a", fine) }, parley.PublishTo("b")), "of all, not of this one")
}

func TestAnAppThatNobodyMade(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, new(parley.App).Start(t.Context()), "hint: parley.New(transport)")
	require.ErrorContains(t, new(parley.App).Stop(t.Context()), "hint: parley.New(transport)")
}
