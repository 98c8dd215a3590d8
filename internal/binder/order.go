package binder

import (
	"reflect"
	"slices"
	"strings"
)

// Every plan has two slots of its own; those of its parameters follow.
const (
	contextSlot = iota
	messageSlot
	ownSlots
)

// resolution is how the parameters of one handler come about.
type resolution struct {
	// slots hold one value each; those of constants are filled. The others are
	// filled for each message by the steps, in order.
	slots []reflect.Value
	steps []step
	// params are the slots of the handler's parameters.
	params []int
	// room is for the arguments of any one function.
	room int
}

// step calls one resolver, whose value goes to the slot.
type step struct {
	fn   reflect.Value
	args []int
	slot int
	// cleanup and err are positions of results, 0 without.
	cleanup, err int
}

// ordering finds the resolvers of one handler and puts them in an order in
// which each runs after what it needs.
type ordering struct {
	*compiler
	*resolution
	// slotOf finds the resolvers that are placed.
	slotOf map[*Resolver]int
	// path are the resolvers that wait for the one being placed.
	path []*Resolver
	// position is that of the handler's parameter that needs them all.
	position string
	// afterMessage says that the handler's input is the whole message.
	afterMessage bool
}

// compileParams finds the resolver of every PARAM.
func (c *compiler) compileParams(p *Plan, s signature) {
	if s.in != nil && !c.isInputOnly(s.in) {
		if c.resolverOf(s.in) != nil {
			c.fault("the input as first parameter", "a resolved parameter of type "+s.in.String(),
				"put the input before it, parley.NoBody when there is none")
		}
	}
	o := &ordering{
		compiler:   c,
		resolution: &p.resolution,
		slotOf:     make(map[*Resolver]int),
	}
	o.slots = make([]reflect.Value, ownSlots)
	o.room = len(s.params)
	if s.in != nil {
		base, _ := pointee(s.in)
		o.afterMessage = base == messageType
	}
	for i, t := range s.params {
		o.position = ordinal(s.firstParam + i)
		if slot, ok := o.place(t); ok {
			o.params = append(o.params, slot)
		}
	}
}

// isInputOnly reports whether t is always an input, whatever is registered.
func (c *compiler) isInputOnly(t reflect.Type) bool {
	base, _ := pointee(t)
	return base == messageType || base == noBodyType
}

// place returns the slot of values of type t, after those that they need.
func (o *ordering) place(t reflect.Type) (int, bool) {
	switch t {
	case contextType:
		return contextSlot, true
	case messagePointerType:
		return messageSlot, true
	}
	r := o.resolverOf(t)
	if r == nil {
		o.missing(t)
		return 0, false
	}
	if slot, ok := o.slotOf[r]; ok {
		return slot, true
	}
	if i := slices.Index(o.path, r); i >= 0 {
		o.circle(append(slices.Clone(o.path[i:]), r))
		return 0, false
	}
	if r.broken {
		o.fault("a parameter resolver for "+o.position+" parameter", "a faulty one for "+r.String(), "put right what is said of it")
		return 0, false
	}
	return o.add(r)
}

// add places a resolver that was not met before.
func (o *ordering) add(r *Resolver) (int, bool) {
	o.path = append(o.path, r)
	args := make([]int, len(r.takes))
	complete := true
	for i, need := range r.takes {
		slot, ok := o.place(need)
		args[i], complete = slot, complete && ok
	}
	o.path = o.path[:len(o.path)-1]
	if !complete {
		return 0, false
	}
	slot := len(o.slots)
	o.slots = append(o.slots, r.value)
	o.slotOf[r] = slot
	if r.fn.IsValid() {
		o.steps = append(o.steps, step{r.fn, args, slot, r.cleanup, r.err})
		o.room = max(o.room, len(args))
	}
	return slot, true
}

// missing reports a type without a resolver.
func (o *ordering) missing(t reflect.Type) {
	wanted := "a parameter resolver for " + o.position + " parameter"
	if len(o.path) > 0 {
		wanted = "a parameter resolver for what " + o.position + " parameter needs: " + chain(o.path) + " needs " + t.String()
	}
	hint := "register one with parley.Param, or move the field into the input"
	if o.afterMessage {
		hint = "put the body in front of *parley.Message, or register one with parley.Param"
	}
	if o.ParamHint != "" {
		hint += ", or " + o.ParamHint
	}
	if known := o.known(); known != "" {
		hint += "; resolved here: " + known
	}
	o.fault(wanted, "none for "+t.String(), hint)
}

// circle reports resolvers that wait for one another.
func (o *ordering) circle(path []*Resolver) {
	o.fault("parameter resolvers that do not wait for one another for "+o.position+" parameter",
		"a circle, "+chain(path), "let one of them take *parley.Message in place of the other's value")
}

// known lists the types that can be resolved.
func (o *ordering) known() string {
	var names []string
	for _, r := range o.Resolvers {
		if name := r.provides.String(); (r.site != "" || r.value.IsValid()) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// chain says who needs whom.
func chain(path []*Resolver) string {
	names := make([]string, len(path))
	for i, r := range path {
		names[i] = r.String()
	}
	return strings.Join(names, " needs ")
}
