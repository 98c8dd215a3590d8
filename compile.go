package parley

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/internal/callsite"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// declaration is one Subscriber call.
type declaration struct {
	address string
	fn      any
	opts    []SubscriberOption
	site    string
	// behind is the function that fn stands for, see [Declared]; nil for fn itself.
	behind any
	// paramHint says where else a parameter may come from, see [Declared].
	paramHint string
	handle    *Subscriber // nil for a router's
	// failed takes the answers without a value of [Replies]; nil for every other
	// subscriber.
	failed func(ctx context.Context, m *Message, reason error) error
}

func newDeclaration(address string, fn any, opts []SubscriberOption, site callsite.Site) *declaration {
	d := &declaration{address: address, fn: fn, opts: opts, site: site.String()}
	for _, o := range opts {
		if by, ok := o.(Declared); ok {
			d.site, d.behind, d.paramHint = first(by.Site, d.site), by.Handler, by.Hint
		}
	}
	return d
}

// function returns the user's function, behind a typed door too.
func (d *declaration) function() any {
	if d.behind != nil {
		return d.behind
	}
	if t, ok := d.fn.(TypedHandler); ok {
		return t.Function()
	}
	return d.fn
}

// model is what an app's declarations mean. Running, documents and tests read
// it; none of them looks at declarations.
type model struct {
	app       *App
	receivers []*receiver
	bindings  []*binding
	faults    []error
	// byQueue finds the first subscriber of each queue.
	byQueue map[string]*receiver
	// faultOf finds the faults of one declaration.
	faultOf map[*declaration][]error
}

// inherited is what a scope gets from the ones around it.
type inherited struct {
	prefix     string
	settings   appSettings
	middleware []Middleware
	within     []*Router
}

// compile reads all declarations. It does no I/O.
func (a *App) compile() *model {
	m := &model{app: a, byQueue: map[string]*receiver{}, faultOf: map[*declaration][]error{}}
	if a.transport == nil {
		m.fault("app", &topology.Error{Wanted: "a transport", Got: "nil", Hint: "parley.New(memory.New())"})
	}
	bound := map[*Publisher][]*binding{}
	in := inherited{settings: a.settings}
	if a.fault != nil {
		m.fault("app", a.fault)
	}
	m.fault("app", in.settings.misfits(nil)...)
	if a.settings.drain < 0 {
		m.fault("app", &topology.Error{Wanted: "a time of 0 or more for parley.Drain", Got: a.settings.drain.String(), Hint: "0 ends handlers at once; leave it out for 10 s"})
	}
	if err := a.settings.checkLaterKeys(); err != nil {
		m.fault("app", err)
	}
	m.scope(&a.scope, in, bound)
	for p, bindings := range bound {
		p.rebind(a, bindings)
	}
	return m
}

func (m *model) fault(subject string, errs ...error) {
	for _, err := range errs {
		m.faults = append(m.faults, &RegistrationError{Subject: subject, Err: err})
	}
}

func (m *model) scope(s *scope, in inherited, bound map[*Publisher][]*binding) {
	middleware, subscribers, publishers, included := s.declared()
	if slices.ContainsFunc(middleware, absent) {
		m.fault("middleware", &topology.Error{Wanted: "a function", Got: "nil", Hint: "leave it out of Use"})
		middleware = slices.DeleteFunc(slices.Clone(middleware), absent)
	}
	in.middleware = append(slices.Clip(in.middleware), middleware...)
	for _, d := range subscribers {
		m.subscriber(d, in)
	}
	for _, p := range publishers {
		b := m.publisher(p, in)
		bound[p] = append(bound[p], b)
	}
	for _, i := range included {
		m.router(i, in, bound)
	}
}

func (m *model) router(i inclusion, in inherited, bound map[*Publisher][]*binding) {
	r := i.router
	if r == nil {
		m.fault(fmt.Sprintf("include (%s)", i.site), &topology.Error{Wanted: "a router", Got: "nil", Hint: "parley.NewRouter(prefix)"})
		return
	}
	subject := fmt.Sprintf("router %q (%s)", r.prefix, r.site)
	if slices.Contains(in.within, r) {
		m.fault(subject, &topology.Error{
			Wanted: "routers that do not contain themselves", Got: "a circle, included at " + i.site.String(), Hint: "leave that Include out",
		})
		return
	}
	if r.fault != nil {
		m.fault(subject, r.fault)
	}
	in.prefix = topology.Join(in.prefix, r.prefix)
	in.within = append(slices.Clip(in.within), r)
	outside := in.settings.subscriber.params
	for _, o := range r.opts {
		if !scopable(o) {
			m.fault(subject, &topology.Error{
				Wanted: "options for subscribers or sends", Got: o.String(), Hint: "give it to parley.New",
			})
			continue
		}
		o.applyApp(&in.settings)
	}
	m.fault(subject, in.settings.misfits(outside)...)
	m.scope(&r.scope, in, bound)
}

// scopable reports whether an option makes sense below the app.
func scopable(o Option) bool {
	switch o.(type) {
	case SubscriberOption, SendOption:
		return true
	default:
		return false
	}
}

func (m *model) subscriber(d *declaration, in inherited) {
	address := d.address
	if d.failed == nil {
		address = topology.Join(in.prefix, address)
	}
	r := &receiver{app: m.app, declared: d, begun: make(chan struct{})}
	errs := r.compile(address, in)
	if len(errs) == 0 {
		errs = m.duplicate(r)
	}
	if len(errs) > 0 {
		subject := fmt.Sprintf("subscriber %q (%s)", address, d.site)
		m.fault(subject, errs...)
		m.faultOf[d] = append(m.faultOf[d], m.faults[len(m.faults)-len(errs):]...)
		return
	}
	m.receivers = append(m.receivers, r)
}

// duplicate reports a second subscriber of one queue: the two would share its
// messages at random.
func (m *model) duplicate(r *receiver) []error {
	queue := r.topology.Queue.Name
	if queue == "" {
		return nil
	}
	first, taken := m.byQueue[queue]
	if !taken {
		m.byQueue[queue] = r
		return nil
	}
	return []error{&topology.Error{
		Wanted: "one subscriber for each queue",
		Got:    fmt.Sprintf("a second one for %q, registered first at %s", queue, first.declared.site),
		Hint:   "to share the work raise parley.Concurrency; to get every message use an exchange and two queues",
	}}
}

func (m *model) publisher(p *Publisher, in inherited) *binding {
	address := topology.Join(in.prefix, p.address)
	b, errs := m.bind(address, p.opts, in)
	b.site = p.site
	b.wrap(b.operation(), in.middleware)
	m.fault(fmt.Sprintf("publisher %q (%s)", address, p.site), errs...)
	m.bindings = append(m.bindings, b)
	return b
}

// bind compiles a destination. With errors the binding refuses every call.
func (m *model) bind(address string, opts []SendOption, in inherited) (*binding, []error) {
	opts, missing := present(opts)
	b := &binding{app: m.app, settings: in.settings.send.forCall(opts)}
	b.settings.forget()
	if item, ok := binder.ItemOf(b.settings.payload); ok {
		b.settings.payload, b.uploadsOnly = item, true
	}
	template, err := topology.ParseTemplate(address)
	switch {
	case err != nil:
	case missing != nil:
		err = missing
	case address == "" && b.settings.exchange == nil:
		err = &topology.Error{Wanted: "an address", Got: "an empty one", Hint: `name the queue: app.Publisher("orders.place")`}
	case template.Parametric() && b.settings.exchange == nil:
		err = &topology.Error{
			Wanted: "a queue name without {parameters}", Got: fmt.Sprintf("%q", address),
			Hint: `parameters need an exchange: parley.To(topology.Topic("orders"))`,
		}
	case len(address) > maxShortString:
		err = tooLong("an address", address)
	case b.settings.token != nil:
		err = &topology.Error{Wanted: "a token for one message", Got: "one for all that is sent", Hint: "give parley.Token to the call"}
	default:
		err = m.app.wire.CheckTypes(b.settings.payload, b.settings.answer)
	}
	b.template = template
	if err != nil {
		b.fault = err
		return b, unjoined(err)
	}
	return b, nil
}

// wrap puts the binding's send middleware in place.
func (b *binding) wrap(op Operation, middleware []Middleware) {
	if send, found := chain(b.deliver, op, middleware); found {
		b.send = send
	}
}

// compile reads the receiver's declaration.
func (r *receiver) compile(address string, in inherited) (errs []error) {
	r.settings = in.settings.subscriber.clone()
	opts, missing := present(r.declared.opts)
	if missing != nil {
		errs = append(errs, missing)
	}
	for _, o := range opts {
		o.applySubscriber(&r.settings)
		if _, tracks := o.(trackOption); tracks && r.declared.failed == nil {
			errs = append(errs, &topology.Error{Wanted: "parley.Replies for parley.Track", Got: "another subscriber", Hint: "leave it out, or take the answers with parley.Replies"})
		}
	}
	errs = append(errs, paramFaults(r.settings.params[len(in.settings.subscriber.params):])...)
	if err := r.settings.complete(); err != nil {
		errs = append(errs, err)
	}
	if address == "" {
		errs = append(errs, &topology.Error{Wanted: "an address", Got: "an empty one", Hint: `name the queue: app.Subscriber("orders.place", PlaceOrder)`})
	}
	template, err := topology.ParseTemplate(address)
	if err != nil {
		return append(errs, err)
	}
	r.template = template
	errs = append(errs, r.resolve(in.settings.name)...)
	errs = append(errs, r.bindHandler(in)...)
	if len(errs) == 0 {
		r.guards = r.newGuards()
	}
	for _, f := range r.settings.forwards {
		b, faults := (&model{app: r.app}).bind(f.address, f.opts, in)
		if err := b.checkForward(); len(faults) == 0 && err != nil {
			faults = append(faults, err)
		}
		if err := checkForwarding(f.opts); err != nil {
			faults = append(faults, err)
		}
		for _, err := range faults {
			errs = append(errs, fmt.Errorf("PublishTo(%q): %w", f.address, err))
		}
		if len(errs) == 0 {
			b.wrap(r.forwarding(b), in.middleware)
		}
		r.forwards = append(r.forwards, b)
	}
	return errs
}

func (r *receiver) resolve(app string) []error {
	var err error
	if r.topology, err = topology.Resolve(app, r.template, r.settings.values...); err != nil {
		return []error{err}
	}
	r.deliveryLimit = r.topology.Queue.DeliveryLimit()
	if len(r.settings.failure.delays) > 0 {
		if err := r.topology.CheckWaits(); err != nil {
			return []error{err}
		}
	}
	if checker, ok := r.app.transport.(transport.TopologyChecker); ok {
		if err := checker.CheckTopology(r.topology); err != nil {
			return []error{err}
		}
	}
	return nil
}

func (r *receiver) bindHandler(in inherited) []error {
	plan, err := binder.Compile(r.declared.fn, binder.Config{
		Wire:      r.app.wire,
		PathNames: r.template.Parameters(),
		Check:     r.app.checks.compile,
		Resolvers: r.settings.resolvers(),
		ParamHint: r.declared.paramHint,
	})
	r.name = callsite.FuncName(r.declared.function())
	if err != nil {
		return prefixed(r.handlerName(), err)
	}
	r.plan = plan
	if err := r.app.checks.misspelt(plan.Describe().In); err != nil {
		return prefixed(r.handlerName(), err)
	}
	if err := r.checkForwards(in); err != nil {
		return []error{err}
	}
	if err := r.checkManual(plan.Describe().Params); err != nil {
		return []error{err}
	}
	if err := r.checkStream(); err != nil {
		return []error{err}
	}
	if err := r.checkLater(); err != nil {
		return []error{err}
	}
	var shared bool
	r.handle, shared = chain(r.call, r.operation(), in.middleware)
	r.ownsResults = r.plan.Describe().EncodesResult && len(r.settings.forwards) == 0 && !shared
	return nil
}

// checkForwards refuses a [PublishTo] of the subscriber itself that has nothing
// to publish; one that an app or a router gives to all may.
func (r *receiver) checkForwards(in inherited) error {
	d := r.plan.Describe()
	if d.Out != nil || d.Later || len(r.settings.forwards) == len(in.settings.subscriber.forwards) {
		return nil
	}
	return &topology.Error{Wanted: "a result for parley.PublishTo", Got: "a handler without one", Hint: "return what is to be published, or leave PublishTo out"}
}

// handlerName names the function and its place; a closure's name is its place.
func (r *receiver) handlerName() string {
	site := callsite.FuncSite(r.declared.function())
	switch {
	case r.name == "":
		return "handler"
	case site == callsite.Site{}:
		return "handler " + r.name
	case r.name == site.String():
		return "handler at " + r.name
	default:
		return "handler " + r.name + " (" + site.String() + ")"
	}
}

// prefixed returns the errors that err joins, each behind a subject.
func prefixed(subject string, err error) []error {
	errs := unjoined(err)
	for i := range errs {
		errs[i] = fmt.Errorf("%s: %w", subject, errs[i])
	}
	return errs
}

// unjoined returns the errors that err joins.
func unjoined(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.Clone(joined.Unwrap())
	}
	return []error{err}
}

// faultsOf returns what is wrong with one declaration.
func (m *model) faultsOf(d *declaration) error { return errors.Join(m.faultOf[d]...) }
