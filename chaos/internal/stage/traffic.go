package stage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/victim"
	"github.com/parley-go/parley/internal/faultproxy"
)

const (
	pollEvery = 100 * time.Millisecond
	// quiet is how long nothing may happen on an empty queue before what is
	// missing counts as lost.
	quiet = 4 * time.Second
	// stuck is how long nothing may happen while messages lie in a queue.
	stuck = 12 * time.Second
	// askWithin bounds a question to the broker.
	askWithin = 5 * time.Second
)

// Job fills in what every victim of the run shares.
func (r *Run) Job(role victim.Role, name, queue string) victim.Job {
	j := victim.Job{Role: role, Queue: r.Queue(queue), Name: r.Name + "." + name, Folder: r.folder, Seed: r.seed}
	all := r.addresses()
	j.URL, j.Hosts = all[0], all[1:]
	return j
}

// addresses are those of the broker's nodes.
func (r *Run) addresses() []string {
	if r.hosts != nil {
		return r.hosts
	}
	return []string{r.Node.URL()}
}

// IDs reserves n ids that nobody else of the run uses and returns the first.
func (r *Run) IDs(n int) uint64 {
	first := r.ids + 1
	r.ids += uint64(n)
	return first
}

// Go runs a victim inside the driver until its work is done or the run ends,
// and returns when it is in working order. Done is closed when it has ended.
func (r *Run) Go(ctx context.Context, j victim.Job) (done <-chan struct{}, stop context.CancelFunc, err error) {
	life, stop := context.WithCancel(r.life)
	ready, ended := make(chan struct{}), make(chan struct{})
	var fault error
	r.jobs.Go(func() {
		defer close(ended)
		if fault = victim.Run(life, j, func() { close(ready) }); fault == nil || life.Err() != nil {
			return
		}
		select {
		case <-ready:
			r.Wrongf("%s ended: %v", j.Name, fault)
		default:
			// The caller of Go is told.
		}
	})
	select {
	case <-ready:
		return ended, stop, nil
	case <-ended:
		stop()
		return nil, nil, fmt.Errorf("stage: %s did not begin: %w", j.Name, fault)
	case <-ctx.Done():
		stop()
		return nil, nil, context.Cause(ctx)
	}
}

// Spawn runs a victim in a process of its own, which ends with the run.
func (r *Run) Spawn(ctx context.Context, j victim.Job) (*victim.Child, error) {
	c, err := victim.Start(ctx, j)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.children = append(r.children, c)
	return c, nil
}

// Network puts a proxy between victims and the broker and returns the address
// to give to them. It ends with the run.
func (r *Run) Network() (*faultproxy.Proxy, string, error) {
	u, err := url.Parse(r.Node.URL())
	if err != nil {
		return nil, "", errors.New("stage: malformed address of the broker")
	}
	p, err := faultproxy.New(u.Host)
	if err != nil {
		return nil, "", err
	}
	context.AfterFunc(r.life, func() { _ = p.Close() })
	u.Host = p.Address()
	return p, u.String(), nil
}

// Count reads the journals and returns how many notes of kind k there are.
func (r *Run) Count(k journal.Kind) int {
	if err := r.ledger.Read(); err != nil {
		r.Wrongf("%v", err)
	}
	return r.ledger.Count(k)
}

// Of returns what the journals say of one message.
func (r *Run) Of(id uint64) journal.Outcome { return r.ledger.Of(id) }

// Until waits until check says yes, and reports whether it did within limit.
func (r *Run) Until(ctx context.Context, limit time.Duration, check func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !check() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
		r.show()
	}
	return true
}

// Wait waits for d.
func (r *Run) Wait(ctx context.Context, d time.Duration) {
	r.Until(ctx, d, func() bool { return false })
}

func (r *Run) show() {
	r.Progress(fmt.Sprintf("attempted %d%s, ok %d, handled %d, faults %d%s, %.0f s", r.ledger.Count(journal.Attempted), of(r.load),
		r.ledger.Count(journal.OK), r.ledger.Count(journal.Handled), r.faults, of(r.wanted), time.Since(r.began).Seconds()))
}

func of(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("/%d", n)
}

// At waits until n notes of kind k were made.
func (r *Run) At(ctx context.Context, k journal.Kind, n int) error {
	if r.Seen() {
		return nil
	}
	if !r.Until(ctx, 3*time.Minute, func() bool { return r.Count(k) >= n }) {
		return fmt.Errorf("stage: wanted %d notes %q, got %d", n, k, r.Count(k))
	}
	return nil
}

// Resumed waits, after a fault has ended, until messages are handled again,
// and records how long that took.
func (r *Run) Resumed(ctx context.Context, limit time.Duration) bool {
	if r.Seen() {
		return false
	}
	before, began := r.Count(journal.Handled), time.Now()
	limit = r.Within(limit)
	if !r.Until(ctx, limit, func() bool { return r.Count(journal.Handled) > before }) {
		r.Wrongf("nothing was handled within %v after the fault", limit)
		return false
	}
	r.Took(time.Since(began))
	return true
}

// Settle waits until everything that was reported as stored is handled, or the
// queue is empty and nothing happens any more. What is left in the queue then,
// or after limit, is a finding.
func (r *Run) Settle(ctx context.Context, limit time.Duration, queues ...string) {
	if r.Seen() {
		return
	}
	last, since := -1, time.Now()
	hangs := r.Within(stuck)
	settled := r.Until(ctx, limit, func() bool {
		now := r.Count(journal.Handled)
		if now != last {
			last, since = now, time.Now()
		}
		if r.ledger.Missing() == 0 && time.Since(since) > time.Second/2 {
			return r.depth(queues) == 0
		}
		return time.Since(since) > hangs || (time.Since(since) > quiet && r.depth(queues) == 0)
	})
	if left := r.depth(queues); !settled || left != 0 {
		r.Wrongf("wanted empty queues in the end, got %d messages in them", left)
	}
}

// depth is how many messages lie in the queues; -1 when the broker is away.
func (r *Run) depth(queues []string) int {
	n := 0
	for _, q := range queues {
		d, err := r.Depth(r.Queue(q))
		if err != nil {
			return -1
		}
		n += d
	}
	return n
}

// Depth is how many messages are ready in the queue of that full name, as any
// node knows it.
func (r *Run) Depth(queue string) (n int, err error) {
	for _, address := range r.addresses() {
		if n, err = depth(address, queue); err == nil {
			return n, nil
		}
	}
	return 0, err
}

func depth(address, queue string) (int, error) {
	conn, err := amqp.DialConfig(address, amqp.Config{Dial: amqp.DefaultDial(askWithin), Locale: "en_US"})
	if err != nil {
		return 0, fmt.Errorf("stage: %w", err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return 0, fmt.Errorf("stage: %w", err)
	}
	q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		return 0, fmt.Errorf("stage: %w", err)
	}
	return q.Messages, nil
}
