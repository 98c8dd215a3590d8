package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
	"github.com/parley-go/parley/internal/rabbitnode"
)

// leaderLost takes the leader of a quorum queue away, by death, by a cut cable
// and by silence.
func leaderLost() Scenario {
	return Scenario{
		Number: 28, Name: "leader of a quorum queue killed, cut off, frozen", Cluster: true,
		Short: 120 * time.Second, Full: 360 * time.Second,
		Must:     "0 lost; order kept per publisher with 1 in flight; the queue goes on without the lost node",
		Controls: []string{string(victim.NoConfirms), string(victim.NoMandatory)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			cluster, err := r.Cluster(ctx)
			if err != nil {
				return oracle.Expect{}, err
			}
			l := &leader{Run: r, cluster: cluster, lasts: 30 * time.Second}
			faults := r.Faults(4)
			if r.Short {
				faults, l.lasts = r.AtLeast(2), 8*time.Second
			}
			if r.Control != "" {
				faults, l.lasts = r.AtLeast(1), 8*time.Second
			}
			// 180 s at 500 messages a second.
			load := r.Load(180 * 500)
			if r.Control != "" {
				load = r.Load(3000)
			}
			err = l.act(ctx, load, faults)
			return oracle.Expect{Duplicates: faults * (crew + ahead)}, err
		},
	}
}

const (
	// crew are publishers with one message in flight each, ahead is what the
	// consumer may hold.
	crew, ahead = 20, 50
	// flood is what publishers without confirms send.
	flood = 20_000
)

// leader is traffic over a queue whose leader comes and goes.
type leader struct {
	*stage.Run

	cluster *rabbitnode.Cluster
	// lasts is how long a leader is away.
	lasts time.Duration
	// first are the ids with which the publishers begin.
	first []uint64
}

func (l *leader) act(ctx context.Context, load, faults int) error {
	j := l.Job(victim.Consumer, "consumer", "work")
	j.Concurrency, j.Prefetch, j.Heartbeat = 1, ahead, 4*time.Second
	j.Quorum = victim.Flavor(l.Control) != victim.NoMandatory
	if _, _, err := l.Go(ctx, j); err != nil {
		return err
	}
	life, stop := context.WithCancel(ctx)
	defer stop()
	done, err := l.publish(life)
	if err != nil {
		return err
	}
	kinds := l.kinds(faults)
	for i, point := range l.Points(load, faults) {
		if err := l.At(ctx, journal.Attempted, point); err != nil {
			return err
		}
		if err := l.lose(ctx, kinds[i]); err != nil {
			return err
		}
	}
	if l.Control == "" {
		if err := l.At(ctx, journal.Attempted, load); err != nil {
			return err
		}
	}
	stop()
	err = finish(ctx, l.Run, done, "work")
	if l.Control == "" {
		l.ordered()
	}
	return err
}

// publish starts publishers that wait for each message before the next. Those
// without a protection do not wait: what a broker has in hand is at stake.
func (l *leader) publish(ctx context.Context) ([]<-chan struct{}, error) {
	var all []<-chan struct{}
	place, err := l.site(ctx)
	if err != nil {
		return nil, err
	}
	for i := range crew {
		j := l.Job(victim.Publisher, fmt.Sprintf("publisher%02d", i+1), "work")
		j.Concurrency, j.Pace, j.Heartbeat, j.Flavor = 1, 30*time.Millisecond, 4*time.Second, victim.Flavor(l.Control)
		if place != nil {
			j.URL = place.URL()
		}
		j.First = l.IDs(1 << 32)
		if l.Control == string(victim.NoConfirms) {
			// A flood with an end: the node that dies has more in hand than it
			// passed on, and those that live are not buried.
			j.Concurrency, j.Pace, j.Count = 8, time.Millisecond, flood/crew
		}
		l.first = append(l.first, j.First)
		done, stop, err := l.Go(ctx, j)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, stop)
		all = append(all, done)
	}
	return all, nil
}

// site is where the publishers of a control begin: without confirms on the
// node that will die, without mandatory on one that lives; nil is anywhere.
func (l *leader) site(ctx context.Context) (*rabbitnode.Node, error) {
	if l.Control == "" {
		return nil, nil
	}
	lost, err := l.find(ctx, l.cluster.Nodes()[0])
	if err != nil || victim.Flavor(l.Control) == victim.NoConfirms {
		return lost, err
	}
	return l.cluster.Other(lost), nil
}

// kinds are the ways to lose a leader, in the order that the seed gives: each
// at least once where there are as many.
func (l *leader) kinds(n int) []string {
	all := []string{"killed", "cut off", "frozen"}
	if l.Short || l.Control != "" {
		// What says nothing is missed late.
		all = all[:min(n, 2)]
	}
	for len(all) < n {
		all = append(all, all[l.Choose("a further fault", len(all))])
	}
	l.Rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	l.Note("leader %v", all)
	return all
}

// find returns the leader, which a cluster may not know for a moment.
func (l *leader) find(ctx context.Context, via *rabbitnode.Node) (node *rabbitnode.Node, err error) {
	l.Until(ctx, time.Minute, func() bool {
		node, err = l.cluster.Leader(ctx, l.Queue("work"), via)
		return err == nil
	})
	return node, err
}

func (l *leader) lose(ctx context.Context, how string) error {
	lost, err := l.find(ctx, l.cluster.Nodes()[0])
	if err != nil {
		return err
	}
	away, back := l.fault(how, lost)
	if err := away(ctx); err != nil {
		return err
	}
	l.Injected()
	began, before := time.Now(), l.Count(journal.Handled)
	if l.Control == "" {
		// More than what was on its way when the leader was lost.
		ok := l.Until(ctx, l.Within(recoverWithin), func() bool { return l.Count(journal.Handled) > before+crew+ahead })
		l.Requiref(ok, "leader %s: wanted the queue to go on without it within %v", how, l.Within(recoverWithin))
		l.Took(time.Since(began))
	}
	l.Wait(ctx, time.Until(began.Add(l.lasts)))
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	if err := back(ctx); err != nil {
		return err
	}
	return l.cluster.Await(ctx, l.cluster.Other(lost))
}

func (l *leader) fault(how string, n *rabbitnode.Node) (away, back func(context.Context) error) {
	switch how {
	case "killed":
		return func(context.Context) error { return n.Kill() }, n.Restart
	case "frozen":
		return func(context.Context) error { return n.Pause() }, func(ctx context.Context) error { return l.thaw(ctx, n) }
	case "cut off":
		return func(ctx context.Context) error { return l.cluster.Partition(ctx, n) }, func(ctx context.Context) error { return l.cluster.Heal(ctx, n) }
	}
	fail := func(context.Context) error { return errors.New("no such fault: " + how) }
	return fail, fail
}

// rejoinWithin is what a node that was frozen may take to find its cluster again
// before it is restarted, as whoever runs it would.
const rejoinWithin = 45 * time.Second

// thaw lets a frozen node go on, which finds that the others went on without it.
func (l *leader) thaw(ctx context.Context, n *rabbitnode.Node) error {
	if err := n.Continue(); err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, rejoinWithin)
	defer cancel()
	if err := l.cluster.Await(patient, l.cluster.Other(n)); err == nil || ctx.Err() != nil {
		return err
	}
	l.Note("a node that was frozen did not come back by itself and was restarted")
	if err := n.Kill(); err != nil {
		return err
	}
	return n.Restart(ctx)
}

// ordered checks that each publisher's messages were handled in the order in
// which it sent them. What comes again later is a duplicate.
func (l *leader) ordered() {
	for i, first := range l.first {
		last := 0
		for id := first; l.Of(id).Attempted > 0; id++ {
			place := l.Of(id).Place
			if place == 0 {
				continue
			}
			l.Requiref(place > last, "publisher %d: message %d was handled before the one that it was sent after", i+1, id)
			last = place
		}
	}
}
