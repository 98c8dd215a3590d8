package scenario

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// poisoned puts one message of each kind that cannot be processed among good
// ones.
func poisoned() Scenario {
	return Scenario{
		Number: 23, Name: "ten kinds of poison among good messages",
		Must:     "every good message handled; each poison in the error queue once, with its reason; the consumer lives",
		Controls: []string{string(victim.NoRecover), string(victim.Requeued)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			load := r.Load(10_000)
			p, err := newPharmacy(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer p.close()
			j := r.Job(victim.Clerk, "clerk", "work")
			j.Flavor, j.Concurrency, j.Prefetch = victim.Flavor(r.Control), 8, 32
			clerk, err := r.Spawn(ctx, j)
			if err != nil {
				return oracle.Expect{}, err
			}
			app := p.app(r.Node.URL())
			orders, words := app.Publisher(r.Queue("work")), app.Publisher(victim.Words(r.Queue("work")))
			if err := app.Start(ctx); err != nil {
				return oracle.Expect{}, err
			}
			if r.Control == string(victim.NoRecover) {
				// The raw consumer has one queue.
				words = nil
			}
			p.mix(ctx, load, orders, words)
			alive := func() bool { return !isClosed(clerk.Done()) }
			r.Until(ctx, settleWithin, func() bool { return !alive() || r.Count(journal.Handled) >= load })
			r.Until(ctx, patience(r), func() bool { return !alive() || p.moved() >= len(p.poisons) })
			r.Requiref(alive(), "the consumer died")
			if r.Control != "" {
				clerk.Kill()
				return oracle.Expect{}, p.judge()
			}
			if alive() {
				r.Settle(ctx, settleWithin, "work")
				if err := clerk.Terminate(stopBudget); err != nil {
					r.Wrongf("%v", err)
				}
			}
			return oracle.Expect{}, p.judge()
		},
	}
}

// pharmacy knows every poison and where it must end.
type pharmacy struct {
	*bench
	ch       *amqp.Channel
	closeRaw func()
	poisons  []poison
	queues   []string
}

func newPharmacy(r *stage.Run) (*pharmacy, error) {
	b, err := newBench(r)
	if err != nil {
		return nil, err
	}
	p := &pharmacy{bench: b, poisons: poisons(r.Queue("work"))}
	if r.Control == string(victim.Requeued) {
		// Going round without end, the large one would be all that the broker does.
		p.poisons = slices.DeleteFunc(p.poisons, func(one poison) bool { return len(one.body) == large64 })
	}
	r.Faults(len(p.poisons))
	r.Rand.Shuffle(len(p.poisons), func(i, j int) { p.poisons[i], p.poisons[j] = p.poisons[j], p.poisons[i] })
	// The large one last: it keeps the broker busy.
	slices.SortStableFunc(p.poisons, func(a, b poison) int { return len(a.body)/large64 - len(b.body)/large64 })
	p.queues = []string{r.Queue("work"), victim.Words(r.Queue("work"))}
	p.ch, p.closeRaw, err = channel(r.Node.URL())
	return p, err
}

func (p *pharmacy) close() {
	p.closeRaw()
	p.bench.close()
	// Large messages that a control has left behind would weigh on later runs.
	for _, q := range p.queues {
		remove(p.Run, q, q+".error")
	}
}

// mix sends load good messages and, at even steps, the poisons.
func (p *pharmacy) mix(ctx context.Context, load int, orders, words *parley.Publisher) {
	var sent atomic.Int64
	var all sync.WaitGroup
	first := p.IDs(load)
	all.Go(func() {
		crowd(load, publishers, first, func(id uint64) {
			p.journal.Note(journal.Attempted, id)
			var err error
			if words != nil && id%2 == 0 {
				err = words.Publish(ctx, text(id))
			} else {
				err = orders.Publish(ctx, victim.Order{ID: id})
			}
			p.settle(id, err, nil)
			sent.Add(1)
		})
	})
	for i := range p.poisons {
		p.Until(ctx, time.Minute, func() bool { return int(sent.Load()) >= load*(i+1)/(len(p.poisons)+2) })
		one := &p.poisons[i]
		queue := p.queues[0]
		if one.words && words != nil {
			queue = p.queues[1]
		}
		if err := p.ch.PublishWithContext(ctx, "", queue, false, false, one.message()); err != nil {
			p.Wrongf("%s: %v", one.kind, err)
		}
		p.Injected()
	}
	all.Wait()
}

// moved is how many messages are in the error queues.
func (p *pharmacy) moved() (n int) {
	for _, q := range p.queues {
		n += depth(p.Run, q+".error")
	}
	return n
}

// judge looks at the error queues.
func (p *pharmacy) judge() error {
	found := map[string][]amqp.Delivery{}
	for _, q := range p.queues {
		if _, err := p.Depth(q + ".error"); err != nil {
			continue
		}
		all, err := drain(p.Run, q+".error")
		if err != nil {
			return err
		}
		for i := range all {
			found[all[i].MessageId] = append(found[all[i].MessageId], all[i])
		}
	}
	for i := range p.poisons {
		one := &p.poisons[i]
		got := found[one.kind]
		delete(found, one.kind)
		if len(got) != 1 {
			p.Wrongf("%s: wanted it in the error queue once, got it %d times", one.kind, len(got))
			continue
		}
		if err := one.check(&got[0]); err != nil {
			p.Wrongf("%s: %v", one.kind, err)
		}
	}
	for id, got := range found {
		p.Wrongf("wanted no other message in the error queue, got %q %d times", id, len(got))
	}
	return nil
}

// check reads why the message is in the error queue.
func (p *poison) check(d *amqp.Delivery) error {
	for name, want := range map[string]any{
		parley.HeaderFailureCode: string(p.code), parley.HeaderFailureAddress: d.RoutingKey[:len(d.RoutingKey)-len(".error")], parley.HeaderFailureAttempt: p.attempt,
	} {
		if d.Headers[name] != want {
			return fmt.Errorf("wanted the header %s to be %v, got %v", name, want, d.Headers[name])
		}
	}
	for _, name := range []string{parley.HeaderFailureReason, parley.HeaderFailureTime, parley.HeaderFailureHandler} {
		if value, _ := d.Headers[name].(string); value == "" {
			return fmt.Errorf("wanted the header %s, got none", name)
		}
	}
	if !bytes.Equal(d.Body, p.body) {
		return fmt.Errorf("wanted its %d bytes, got %d, or others", len(p.body), len(d.Body))
	}
	return nil
}
