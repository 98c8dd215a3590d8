package memory

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Reasons in the header x-death.
//
// Source: https://www.rabbitmq.com/docs/dlx#effects
const (
	reasonRejected      = "rejected"
	reasonExpired       = "expired"
	reasonMaxLength     = "maxlen"
	reasonDeliveryLimit = "delivery_limit"
)

const (
	headerDeath = "x-death"
	headerCC    = "CC"
	headerBCC   = "BCC"
)

// death is a letter that left its queue for the dead-letter exchange.
type death struct {
	queue  *queue
	letter *letter
	reason string
}

// deadLetter publishes what is dead. Like RabbitMQ it does so at most once: a
// letter without a route, or one that goes round in a circle without ever being
// rejected, is dropped. No queue's mutex is held.
func (b *Broker) deadLetter(d *death) {
	l := &d.queue.limits
	var x *exchange
	if l.deadExchange != "" {
		var ok bool
		if x, ok = b.exchanges.find(l.deadExchange); !ok {
			return
		}
	}
	deaths := d.deaths()
	p := d.parcel(deaths)
	var room [4]*queue
	for i, q := range b.route(room[:0], x, &p.letter) {
		if circle(deaths, q.declared.Name) {
			continue
		}
		e := &p.first
		if i > 0 {
			e = new(entry)
		}
		q.push(&p.letter, e)
	}
}

// parcel is the letter as it goes to the dead-letter exchange.
func (d *death) parcel(deaths []any) *parcel {
	l := &d.queue.limits
	p := &parcel{letter: letter{message: d.letter.message}}
	m := &p.letter.message
	// It would expire again at once.
	m.Expiration = 0
	m.Exchange = l.deadExchange
	p.letter.headers = d.headers(deaths)
	if l.deadKey != "" {
		m.Address = l.deadKey
		p.letter.headers = slices.DeleteFunc(p.letter.headers, func(f field) bool { return f.name == headerCC })
	}
	// They were well-formed when they came.
	_ = p.letter.takeCopies()
	return p
}

// deaths is the new value of x-death, the newest first. Another death of the
// same kind in the same queue is counted.
func (d *death) deaths() []any {
	name := d.queue.declared.Name
	old, _ := d.letter.headers.find(headerDeath)
	list, _ := old.([]any)
	list = slices.Clone(list)
	for i, v := range list {
		entry, _ := v.(map[string]any)
		if entry["queue"] != name || entry["reason"] != d.reason {
			continue
		}
		entry = maps.Clone(entry)
		count, _ := entry["count"].(int64)
		entry["count"] = count + 1
		return slices.Insert(slices.Delete(list, i, i+1), 0, any(entry))
	}
	return slices.Insert(list, 0, any(d.entry(name)))
}

func (d *death) entry(queue string) map[string]any {
	m := &d.letter.message
	keys := []any{m.Address}
	if cc, ok := d.letter.headers.find(headerCC); ok {
		keys = append(keys, cc.([]any)...)
	}
	entry := map[string]any{
		"count": int64(1), "reason": d.reason, "queue": queue, "exchange": m.Exchange,
		"routing-keys": keys, "time": time.Unix(time.Now().Unix(), 0),
	}
	if m.Expiration > 0 {
		entry["original-expiration"] = strconv.FormatInt(m.Expiration.Milliseconds(), 10)
	}
	return entry
}

// headers are the letter's with what dead-lettering writes.
func (d *death) headers(deaths []any) fields {
	fs := slices.Clone(d.letter.headers)
	fs = fs.set(headerDeath, deaths)
	last := map[string]any{"reason": d.reason, "queue": d.queue.declared.Name, "exchange": d.letter.message.Exchange}
	_, before := fs.find("x-first-death-reason")
	for _, name := range []string{"reason", "queue", "exchange"} {
		if !before {
			fs = fs.set("x-first-death-"+name, last[name])
		}
		fs = fs.set("x-last-death-"+name, last[name])
	}
	return fs
}

// set replaces or adds a field.
func (fs fields) set(name string, v any) fields {
	for i := range fs {
		if fs[i].name == name {
			fs[i].value = v
			return fs
		}
	}
	return append(fs, field{name, v})
}

// circle reports whether a letter with these deaths was in that queue before
// and was never rejected since.
//
// Source: https://www.rabbitmq.com/docs/dlx#routing
func circle(deaths []any, queue string) bool {
	for _, v := range deaths {
		entry, _ := v.(map[string]any)
		if entry["reason"] == reasonRejected {
			return false
		}
		if entry["queue"] == queue {
			return true
		}
	}
	return false
}
