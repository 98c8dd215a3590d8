package parley

import "github.com/parley-go/parley/internal/callsite"

// Router is a set of declarations to be included in apps and other routers. It
// has a prefix, options and middleware of its own.
//
// The prefix is joined with "." to the addresses of its subscribers and
// publishers, never to the targets of [PublishTo] and [ReplyTo] or to queues
// and exchanges that are named explicitly.
type Router struct {
	scope
	prefix string
	opts   []Option
	site   string
	// fault is what is wrong with the options themselves.
	fault error
}

// NewRouter returns an empty router. The prefix may be empty. Options are
// [SubscriberOption] and [SendOption] values, the defaults of what is declared
// in the router; an option that concerns a whole app is a registration error.
func NewRouter(prefix string, opts ...Option) *Router {
	r := &Router{prefix: prefix, site: callsite.Caller().String()}
	opts, r.fault = present(opts)
	for _, o := range opts {
		if by, ok := o.(Declared); ok {
			r.site = first(by.Site, r.site)
			continue
		}
		r.opts = append(r.opts, o)
	}
	return r
}

// Subscriber registers fn like [App.Subscriber]. Declare it before the apps
// that include the router start.
func (r *Router) Subscriber(address string, fn any, opts ...SubscriberOption) {
	r.receive(newDeclaration(address, fn, opts, callsite.Caller()))
}

func (r *Router) receive(d *declaration) { r.addSubscriber(d) }

// Publisher declares that the router's apps send to address. Where the router
// is included several times, its calls send for the app whose handler's context
// they are given.
func (r *Router) Publisher(address string, opts ...SendOption) *Publisher {
	p := newPublisher(address, opts, callsite.Caller())
	r.addPublisher(p)
	return p
}

// Use adds middleware around the router's subscribers and publishers, inside
// that of whatever includes it.
func (r *Router) Use(middleware ...Middleware) { r.addMiddleware(middleware) }

// Include nests another router below this one's prefix.
func (r *Router) Include(nested *Router) { r.include(nested, callsite.Caller()) }
