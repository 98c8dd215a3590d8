package callsite

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForeign(t *testing.T) {
	t.Parallel()
	cases := []struct {
		function, file string
		want           bool
	}{
		{"main.main", "/app/main.go", true},
		{"example.com/shop/orders.Register", "/app/orders.go", true},
		{"github.com/parley-go/parley.(*App).Subscriber", "/p/app.go", false},
		{"github.com/parley-go/parley.Request[...]", "/p/request.go", false},
		{"github.com/parley-go/parley/parleyfx.Module.func1", "/p/parleyfx/module.go", false},
		{"github.com/parley-go/parley/internal/binder.Compile", "/p/internal/binder/compile.go", false},
		{"github.com/parley-go/parley/internal/binder.TestX", "/p/internal/binder/x_test.go", true},
		{"github.com/parley-go/parley_test.Example", "/p/example_test.go", true},
		{"github.com/parley-go/parley/examples/shop.Register", "/p/examples/shop/shop.go", true},
		{"github.com/parley-go/parley/chaos/internal/victim.(*victim).serve", "/p/chaos/internal/victim/consume.go", true},
		{"github.com/parley-go/parley/benchmarks/internal/echo.Serve.func1", "/p/benchmarks/internal/echo/echo.go", true},
		{"github.com/parley-go/parley/benchmarks.Serve", "/p/benchmarks/serve.go", true},
		{"github.com/parley-go/parley-contrib/x.Register", "/c/x.go", true},
		{"github.com/parley-go/parleyish.Register", "/c/x.go", true},
		{"runtime.goexit", "/go/src/runtime/asm_amd64.s", false},
		{"", "", false},
	}
	for _, c := range cases {
		require.Equal(t, c.want, foreign(c.function, c.file), c.function)
	}
}
