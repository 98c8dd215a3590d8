package parley

import "slices"

// PublisherTo returns a publisher to where op receives or sends; op is one of
// the app's own [App.Operations]. It is for tools that send by hand, such as a
// page of documentation: it is no declaration, nothing is declared for it at the
// broker, and a value of any type may be sent, whatever op says of its payload.
//
// What goes to an exchange reaches every queue that is bound for it, not only
// that of op. The app's send middleware and defaults apply, those of routers do
// not. It works while the app runs. A fault of op's address is the error of
// every call.
func (a *App) PublisherTo(op Operation, opts ...SendOption) *Publisher {
	address, exchange := op.Address, op.Exchange
	if s := op.Subscription; s != nil {
		exchange = s.Exchange
		if exchange == nil {
			address = s.Queue.Name
		}
	}
	p := &Publisher{address: address, opts: slices.Clone(opts), site: op.Site}
	a.mu.Lock()
	middleware := slices.Clone(a.middleware)
	a.mu.Unlock()
	b, _ := (&model{app: a}).bind(address, append(p.opts, sendOption{"to the operation's exchange", func(s *sendSettings) {
		s.exchange, s.payload = exchange, nil
	}}), inherited{settings: a.settings, middleware: middleware})
	b.site = op.Site
	p.bindings.Store(&[]*binding{b})
	return p
}
