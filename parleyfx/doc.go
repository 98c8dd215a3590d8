// Package parleyfx makes a parley service out of an fx application: the
// container builds the app, its handlers and what they need, and starts and
// stops it.
//
//	fx.New(
//		parleyfx.Module(parley.Info("shop", "1.0.0")),
//		fx.Provide(NewConfig, NewTransport, NewOrders),
//		parleyfx.Subscriber("orders.place", (*Orders).Place, parley.Retry(parley.Immediate(3))),
//	).Run()
//
// # What the container has to provide
//
// A [transport.Transport], made from the service's configuration:
//
//	func NewTransport(c Config) transport.Transport { return rabbitmq.New(c.URL) }
//
// A []parley.Option, where options come from the configuration, and a
// *slog.Logger are taken when they are there. The options of [Module] come
// first, then those of the container, so the latter win.
//
// # What it gets
//
// The *[parley.App], what [Publisher] and [Client] declare, and the *[parley.Router]
// of a module with a [Router].
//
// # Parameters
//
// A handler may be a method of a type that the container knows, named by a
// method expression such as (*Orders).Place. Each PARAM of a handler is what a
// resolver of parley.Param makes of the message; one without a resolver comes
// from the container, once. So that a missing one can be told from a zero one,
// the container is asked for pointers, interfaces, functions, maps, slices and
// channels only.
//
// # Order
//
// The app starts when everything that its handlers are made of has started, and
// stops before any of that. Its [parley.App.Start] gets the context of fx's
// start; what consumes does not end with it. Stopping drains within fx's stop
// timeout and parley.Drain, whichever is shorter. Hooks that are appended by an
// fx.Invoke run after the app has started; what has to be there before is best
// a dependency of a handler.
//
// # Errors
//
// What cannot be wired is reported by fx.New, all of it, in the words of parley
// and with the place of the call of this package. Nothing is sent or received
// before the start.
package parleyfx
