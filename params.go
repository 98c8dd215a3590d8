package parley

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/internal/callsite"
	"github.com/parley-go/parley/transport/topology"
)

// param is one [Param] or [Supply].
type param struct {
	subject  string
	supplied bool
	// resolver is nil when a fault hides the type it is for.
	resolver *binder.Resolver
	fault    error
}

// Param registers a resolver: a function that makes, for each message, the
// further parameters of handlers that have its result's type.
//
//	func([context.Context], [*parley.Message], [PARAM…]) (T, [func(error) error], [error])
//
//	parley.Param(func(ctx context.Context, m *parley.Message) (User, error) { … })
//	app.Subscriber("orders.place", func(ctx context.Context, o Order, u User) error { … })
//
// Resolvers run after the input is validated and before the handler, within the
// handler's middleware and context. One may take what others make; each runs at
// most once for each attempt, and only where it is needed. An error ends the
// attempt as one of the handler would: it may have a code (see [NewError]), be
// [Permanent], be retried. A panic is contained likewise.
//
// The second result is a cleanup. It is called once, when the handler's result
// is encoded, with the outcome of all that: nil, or the error, that of a panic
// included ([CodeOf] says [CodeInternal]). Cleanups run in the reverse order of
// their resolvers. The error that one returns takes the place of the outcome,
// for the cleanups after it too; returning nil changes nothing. A cleanup that
// came with an error is not called. What happens later (forwarded results, the
// reply) may still fail, and the message is then handled again.
//
// Of several for one type the nearest counts: subscriber, inner router, outer
// router, app; two of one scope are a registration error. So are a resolver of
// context.Context, error, *[Message], [NoBody] or *[Delivery], a parameter that
// nothing resolves, resolvers in a circle, and an input whose type has a
// resolver: what is resolved can never come out of a body. It is called
// concurrently.
func Param(fn any) SubscriberOption {
	site := callsite.Caller().String()
	p := param{subject: "parameter resolver (" + site + ")"}
	p.resolver, p.fault = binder.NewResolver(fn, site, deliveryType)
	return p.option(fmt.Sprintf("parley.Param(%T)", fn))
}

// Supply registers value for all parameters of exactly type t, as a container
// of singletons does that knows types only by reflection. value is not nil. Of
// several for one type the nearest counts, and a [Param] of any scope wins over
// all of them. The rest is as with Param.
func Supply(t reflect.Type, value any) SubscriberOption {
	p := param{subject: fmt.Sprintf("supplied parameter %v", t), supplied: true}
	p.resolver, p.fault = binder.Constant(t, value, deliveryType)
	return p.option(fmt.Sprintf("parley.Supply(%v)", t))
}

func (p param) option(text string) SubscriberOption {
	return subscriberOption{text, func(s *subscriberSettings) { s.params = append(slices.Clip(s.params), p) }}
}

// resolvers are in effect for a subscriber; the first one of a type counts.
func (s *subscriberSettings) resolvers() []*binder.Resolver {
	all := []*binder.Resolver{deliveries}
	for _, supplied := range []bool{false, true} {
		for _, p := range slices.Backward(s.params) {
			if p.supplied == supplied && p.resolver != nil {
				all = append(all, p.resolver)
			}
		}
	}
	return all
}

// paramFaults returns what is wrong with the params of one scope.
func paramFaults(params []param) (errs []error) {
	type kind struct {
		t        reflect.Type
		supplied bool
	}
	first := map[kind]param{}
	for _, p := range params {
		if p.fault != nil {
			errs = append(errs, prefixed(p.subject, p.fault)...)
		}
		if p.resolver == nil {
			continue
		}
		k := kind{p.resolver.Provides(), p.supplied}
		if other, taken := first[k]; taken {
			errs = append(errs, fmt.Errorf("%s: %w", p.subject, &topology.Error{
				Wanted: "one resolver for each type", Got: fmt.Sprintf("a second one for %s besides %s", k.t, other.subject),
				Hint: "leave one out, or give it to a router or a subscriber, where it wins",
			}))
			continue
		}
		first[k] = p
	}
	return errs
}

// misfits returns what is wrong with the options of an app or a router, inside
// the given params, and forgets it.
func (s *appSettings) misfits(outside []param) []error {
	errs := paramFaults(s.subscriber.params[len(outside):])
	for _, text := range s.misplaced {
		errs = append(errs, &topology.Error{
			Wanted: "options for many declarations", Got: text, Hint: "give it to the one Subscriber or Publisher call that it is about",
		})
	}
	s.misplaced = nil
	return errs
}
