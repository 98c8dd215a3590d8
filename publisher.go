package parley

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/parley-go/parley/internal/callsite"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// Publisher sends to one address. Its methods may be called concurrently, in
// handlers too.
type Publisher struct {
	address string
	opts    []SendOption
	site    string
	// bindings are one for each inclusion in an app.
	bindings atomic.Pointer[[]*binding]
}

// binding is a publisher in one app.
type binding struct {
	app      *App
	template topology.Template
	settings sendSettings
	// send is the send middleware around deliver, nil when there is none.
	send Handler
	site string
	// uploadsOnly says that the declared payload is a sequence.
	uploadsOnly bool
	fault       error
}

func newPublisher(address string, opts []SendOption, site callsite.Site) *Publisher {
	p := &Publisher{address: address, opts: opts, site: site.String()}
	for _, o := range opts {
		if by, ok := o.(Declared); ok {
			p.site = first(by.Site, p.site)
		}
	}
	return p
}

// rebind replaces what the publisher is in one app; a router's may be in others.
func (p *Publisher) rebind(app *App, bindings []*binding) {
	for {
		old := p.bindings.Load()
		all := slices.Clone(bindings)
		if old != nil {
			all = append(all, slices.DeleteFunc(slices.Clone(*old), func(b *binding) bool { return b.app == app })...)
		}
		if p.bindings.CompareAndSwap(old, &all) {
			return
		}
	}
}

// Address returns the address as it was declared, without the prefixes of
// routers.
func (p *Publisher) Address() string { return p.address }

// Publish sends v and returns when the broker has stored it: nil means that it
// is in a durable queue, persistent and confirmed. (An event to an exchange may
// have no subscriber; [Mandatory] insists on one.)
//
// With [ReplyTo] the answer goes to the subscriber of another queue. ctx alone
// bounds the wait: without a deadline Publish waits for as long as the broker is
// away or blocks publishers. The error is one or more of [ErrNoRoute], [ErrRefused],
// [ErrBlocked], [ErrNotSent], [ErrOutcomeUnknown], [ErrStopped],
// [ErrNotStarted], and the context's.
func (p *Publisher) Publish(ctx context.Context, v any, opts ...SendOption) error {
	b, err := p.bound(ctx)
	if err != nil {
		return err
	}
	out, err := b.prepare(v, opts)
	if err != nil {
		return err
	}
	if err := b.prepareUnanswered("Publish", out); err != nil {
		return err
	}
	_, err = b.transmit(ctx, out)
	return b.explain("publish", err)
}

// bound finds the app that a call sends for.
func (p *Publisher) bound(ctx context.Context) (*binding, error) {
	if p == nil {
		return nil, fmt.Errorf("parley: %w: wanted a publisher, got nil; hint: app.Publisher(address)", ErrNotSent)
	}
	all := p.bindings.Load()
	if all == nil || len(*all) == 0 {
		return nil, fmt.Errorf("parley: publisher %q (%s): %w: %w; hint: app.Start comes first, and app.Include for a router's",
			p.address, p.site, ErrNotSent, ErrNotStarted)
	}
	if len(*all) == 1 {
		return (*all)[0], nil
	}
	if s, ok := ctx.Value(messageKey{}).(*handling); ok {
		for _, b := range *all {
			if b.app == s.app {
				return b, nil
			}
		}
	}
	return nil, fmt.Errorf("parley: publisher %q (%s): %w: its router is included %d times; hint: pass the context of a handler, or declare the publisher in the app", p.address, p.site, ErrNotSent, len(*all))
}

// explain adds to an error what was sent and what its receiver may lack.
func (b *binding) explain(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, transport.ErrClosed):
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	case errors.Is(err, ErrNoRoute) && b.settings.exchange == nil:
		return fmt.Errorf("parley: %s to queue %q: %w; hint: no such queue: start its subscriber, or correct the address", what, b.template, err)
	case errors.Is(err, ErrNoRoute):
		return fmt.Errorf("parley: %s to exchange %q, routing key %q: %w; hint: no queue is bound for it: start its subscriber, or leave parley.Mandatory out", what, b.settings.exchange.Name, b.template, err)
	}
	return fmt.Errorf("parley: %s to %q: %w", what, b.template, err)
}
