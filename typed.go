package parley

import (
	"context"

	"github.com/parley-go/parley/internal/binder"
)

// TypedHandler is a handler whose signature the compiler has checked, see [Func].
type TypedHandler = binder.Typed

// Func is a typed door to [App.Subscriber]: the compiler checks the signature,
// and the function is called without reflection, which saves four allocations
// and about half a microsecond for each message. In everything else it is the
// function itself.
//
//	app.Subscriber("orders.place", parley.Func(PlaceOrder))
func Func[In, Out any](fn func(context.Context, In) (Out, error)) TypedHandler {
	return binder.Func(fn)
}
