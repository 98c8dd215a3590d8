package parley_test

import (
	"context"
	"fmt"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Note prints what is handled, and how it ended.
func Note(next parley.Handler) parley.Handler {
	return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
		answer, err := next(ctx, m)
		fmt.Printf("handled %s: %q\n", m.Address, parley.CodeOf(err))
		return answer, err
	}
}

// Sign adds a header to everything that is sent.
func Sign(next parley.Handler) parley.Handler {
	return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
		m.SetHeader("x-signed-by", "shop")
		return next(ctx, m)
	}
}

type tenantKey struct{}

// Tenant refuses messages without a tenant and hands it on in the context.
func Tenant(next parley.Handler) parley.Handler {
	return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
		tenant := m.Header("x-tenant")
		if tenant == "" {
			return nil, parley.NewError(parley.CodeUnauthenticated, "no tenant")
		}
		return next(context.WithValue(ctx, tenantKey{}, tenant), m)
	}
}

func ExampleMiddleware() {
	ctx := context.Background()
	app := parley.New(memory.New(), quiet)
	app.Use(parley.HandleMiddleware(Note), parley.SendMiddleware(Sign))
	app.Subscriber("whoami", func(m *parley.Message) string { return m.Header("x-signed-by") })

	private := parley.NewRouter("private")
	private.Use(parley.HandleMiddleware(Tenant))
	private.Subscriber("whoami", func(ctx context.Context) string { return ctx.Value(tenantKey{}).(string) })
	app.Include(private)

	open, closed := app.Publisher("whoami"), app.Publisher("private.whoami")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	fmt.Println(parley.Request[string](ctx, open, nil))
	fmt.Println(parley.Request[string](ctx, closed, nil))
	fmt.Println(parley.Request[string](ctx, closed, nil, parley.Header("x-tenant", "acme")))
	// Output:
	// handled whoami: ""
	// shop <nil>
	// handled private.whoami: "unauthenticated"
	//  remote error: unauthenticated: no tenant
	// handled private.whoami: ""
	// acme <nil>
}

func ExampleMessageFrom() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("echo", func(ctx context.Context, s string) string {
		m, _ := parley.MessageFrom(ctx)
		return s + " at " + m.Address
	})
	echo := app.Publisher("echo")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)
	fmt.Println(parley.Request[string](ctx, echo, "hey"))
	// Output: hey at echo <nil>
}
