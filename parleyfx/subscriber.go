package parleyfx

import (
	"fmt"
	"reflect"
	"slices"

	"go.uber.org/fx"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/callsite"
	"github.com/parley-go/parley/transport/topology"
)

// group is the value group of what [Module] registers.
const group = `group:"parley.registrations"`

// registration is one call of Subscriber with what the container gave for it.
type registration struct {
	// order is that of the calls in the program: fx shuffles value groups.
	order int64
	// apply registers it.
	apply func() error
}

// Subscriber registers fn for the messages of address when the container is
// built, like [parley.App.Subscriber]. Inside an fx.Module with a [Router] it is
// registered with that router.
//
// fn is a handler of any legal signature, or a method expression such as
// (*Orders).Place, whose receiver then comes from the container. The PARAMs for
// which no parley.Param is registered come from the container too.
func Subscriber(address string, fn any, opts ...parley.SubscriberOption) fx.Option {
	s := subscriber{address: address, fn: fn, handler: readHandler(fn), opts: opts, site: callsite.Caller().String(), order: nextOrder()}
	return fx.Provide(ask(s.wants(), func(got []reflect.Value) registration {
		return registration{s.order, func() error { return s.register(got) }}
	}))
}

// containerHint is for a PARAM that comes from nowhere.
const containerHint = "fx.Provide it and what it needs (as a pointer, interface, func, map or slice: of those the container can say that it has none)"

// subscriber is one call of Subscriber.
type subscriber struct {
	address string
	fn      any
	handler handler
	opts    []parley.SubscriberOption
	site    string
	order   int64
}

// wants are the types to ask the container for: the place of the module, the
// receiver if there is one, the PARAMs.
func (s *subscriber) wants() []reflect.Type {
	wants := []reflect.Type{placeType}
	if s.handler.receiver != nil {
		wants = append(wants, s.handler.receiver)
	}
	return append(wants, s.handler.params...)
}

// register declares the subscriber with what the container has of wants.
func (s *subscriber) register(got []reflect.Value) error {
	in, got := got[0].Interface().(*place), got[1:]
	var receiver reflect.Value
	if s.handler.receiver != nil {
		receiver, got = got[0], got[1:]
		if err := s.checkReceiver(receiver); err != nil {
			return err
		}
	}
	opts := append(slices.Clip(s.opts), parley.Declared{Site: s.site, Handler: s.fn, Hint: containerHint})
	for i, t := range s.handler.params {
		if !got[i].IsNil() {
			opts = append(opts, parley.Supply(t, got[i].Interface()))
		}
	}
	in.subscriber(s.address, s.handler.bound(receiver), opts)
	return nil
}

func (s *subscriber) checkReceiver(receiver reflect.Value) error {
	t := s.handler.receiver
	fault := topology.Error{}
	switch {
	case !nilable(t):
		fault = topology.Error{
			Wanted: "a receiver that the container can be asked for", Got: "the value type " + t.String(),
			Hint: "name the method of its pointer, (*T).Method",
		}
	case receiver.IsNil():
		fault = topology.Error{
			Wanted: "its receiver " + t.String() + " from the container", Got: "none",
			Hint: "fx.Provide its constructor, and whatever that needs",
		}
	default:
		return nil
	}
	return &parley.RegistrationError{
		Subject: fmt.Sprintf("subscriber %q (%s)", s.address, s.site),
		Err:     fmt.Errorf("handler %s: %w", callsite.FuncName(s.fn), &fault),
	}
}
