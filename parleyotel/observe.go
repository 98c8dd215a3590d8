package parleyotel

import (
	"context"
	"errors"
	"weak"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/parley-go/parley"
)

// totals are the counters that an app keeps itself.
var totals = []struct {
	name, unit, description string
	read                    func(*parley.Stats) uint64
}{
	{"parley.messages.received", unitMessage, "Messages that the broker delivered, each delivery anew.", func(s *parley.Stats) uint64 { return s.Received }},
	{"parley.messages.handled", unitMessage, "Messages that were processed without an error.", func(s *parley.Stats) uint64 { return s.Handled }},
	{"parley.messages.moved", unitMessage, "Messages that were put into an error queue.", func(s *parley.Stats) uint64 { return s.Moved }},
	{"parley.messages.postponed", unitMessage, "Messages that were given to the broker for a delayed attempt.", func(s *parley.Stats) uint64 { return s.Retried }},
	{"parley.messages.returned", unitMessage, "Messages that were given back to the broker to be handled again.", func(s *parley.Stats) uint64 { return s.Returned }},
	{"parley.messages.expired", unitMessage, "Requests that were not run because their time was up.", func(s *parley.Stats) uint64 { return s.Expired }},
	{"parley.messages.cancelled", unitMessage, "Requests that their callers called off before or while they ran.", func(s *parley.Stats) uint64 { return s.Cancelled }},
	{"parley.messages.duplicates", unitMessage, "Messages that got the stored result of an earlier one.", func(s *parley.Stats) uint64 { return s.Duplicates }},
	{"parley.replies.late", unitReply, "Replies that came for a request that had ended or never was.", func(s *parley.Stats) uint64 { return s.LateReplies }},
	{"parley.replies.unroutable", unitReply, "Replies that found nobody at their address.", func(s *parley.Stats) uint64 { return s.UnroutableReplies }},
	{"parley.replies.refused", unitReply, "Messages that named a reply address that is not allowed.", func(s *parley.Stats) uint64 { return s.RefusedReplyTo }},
	{"parley.subscribers.pauses", "{pause}", "Pauses of subscribers by their kill switch.", func(s *parley.Stats) uint64 { return s.Pauses }},
	{"parley.connections.reconnects", "{reconnect}", "Lost connections that were up again.", func(s *parley.Stats) uint64 { return s.Reconnects }},
}

// observer reads an app when metrics are collected.
type observer struct {
	app      weak.Pointer[parley.App]
	counters []metric.Int64ObservableCounter
	failed   metric.Int64ObservableCounter
	pending  metric.Int64ObservableUpDownCounter
	up       metric.Int64ObservableUpDownCounter
	paused   metric.Int64ObservableUpDownCounter
	links    metric.Int64ObservableUpDownCounter
}

// observe registers the counters of app.
func observe(meter metric.Meter, app *parley.App) error {
	o := &observer{app: weak.Make(app)}
	var faults []error
	var all []metric.Observable
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		c, err := meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		faults, all = append(faults, err), append(all, c)
		return c
	}
	level := func(name, unit, description string) metric.Int64ObservableUpDownCounter {
		c, err := meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		faults, all = append(faults, err), append(all, c)
		return c
	}
	for _, total := range totals {
		o.counters = append(o.counters, counter(total.name, total.unit, total.description))
	}
	o.failed = counter(metricFailed, unitMessage, "Messages that failed for good: their caller was told, or they were moved to an error queue.")
	o.pending = level(metricPending, unitRequest, "Requests that wait for their replies.")
	o.up = level(metricUp, unitSubscriber, "Subscribers that consume.")
	o.paused = level(metricPaused, unitSubscriber, "Subscribers that their kill switch has paused.")
	o.links = level(metricLinks, unitConnection, "Connections to the broker that are up.")
	_, err := meter.RegisterCallback(o.read, all...)
	return errors.Join(append(faults, err)...)
}

// read tells what the app counts now; nothing once nobody holds the app.
func (o *observer) read(_ context.Context, to metric.Observer) error {
	app := o.app.Value()
	if app == nil {
		return nil
	}
	var whose []attribute.KeyValue
	if name := app.Name(); name != "" {
		whose = []attribute.KeyValue{appNameKey.String(name)}
	}
	plain := metric.WithAttributes(whose...)
	stats := app.Stats()
	for i, total := range totals {
		to.ObserveInt64(o.counters[i], int64(total.read(&stats)), plain) //nolint:gosec // a count does not come near 2^63
	}
	for code, n := range app.FailedByCode() {
		to.ObserveInt64(o.failed, int64(n), plain, metric.WithAttributes(errorTypeKey.String(codeName(code)))) //nolint:gosec // as above
	}
	to.ObserveInt64(o.pending, int64(app.PendingRequests()), plain)
	o.readHealth(app.Health(), to, plain)
	return nil
}

func (o *observer) readHealth(h parley.Health, to metric.Observer, plain metric.ObserveOption) {
	links := 0
	for _, c := range h.Connections {
		links += count(c.State == parley.StateUp || c.State == parley.StateBlocked)
	}
	to.ObserveInt64(o.links, int64(links), plain)
	// Several subscribers of one address add up.
	up, paused := map[string]int{}, map[string]int{}
	for _, s := range h.Subscribers {
		up[s.Address] += count(s.State == parley.StateUp)
		paused[s.Address] += count(s.PausedSince != nil)
	}
	for address := range up {
		where := metric.WithAttributes(addressKey.String(address))
		to.ObserveInt64(o.up, int64(up[address]), plain, where)
		to.ObserveInt64(o.paused, int64(paused[address]), plain, where)
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
